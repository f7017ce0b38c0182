import type { Filters, Results } from "./search-answers.ts";

/** What a search found, by network and by kind; each value leads to the same search narrowed to it. */
export interface CountsShown {
  readonly name: "network" | "kind";
  readonly values: readonly {
    readonly value: string;
    readonly hits: number;
    /** Whether there is anything else to leave out. */
    readonly narrows: boolean;
  }[];
}

/** @returns nothing where nothing was found, and on later pages, which are not counted */
export function countsShown(
  { counts, totalIsExact }: Pick<Results, "counts" | "totalIsExact">,
  filters: Filters,
): CountsShown[] {
  return (["network", "kind"] as const).flatMap((name) => {
    const values = counts?.[name] ?? [];
    if (values.length === 0) return [];
    const already = filters[name] ?? [];
    const narrows = already.length !== 1 && !(totalIsExact && values.length === 1);
    return [{ name, values: values.map((one) => ({ ...one, narrows })) }];
  });
}
