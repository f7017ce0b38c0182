import { z } from "zod";

/** Pages that one can go back through, one by one: their cursors are in the address. The first is a link from each. */
export const MAX_BACK = 30;
const FIRST = "-";

const cursor = z
  .string()
  .regex(/^[\w-]{1,256}$/)
  .optional();

/** Where in a list one is, and the pages before: cursors, which say nothing of what is listed. */
export const placeQuery = {
  cursor,
  back: z
    .string()
    .regex(/^[\w.-]*$/)
    .max(8_000)
    .default(""),
};

export interface Place {
  readonly cursor?: string | undefined;
  readonly back: string;
}

/** Links to the pages before and after. @param path of the list */
export function pagerOf(path: string, { cursor: here, back }: Place, next: string | null) {
  const before = back === "" ? [] : back.split(".");
  const link = (at: string | undefined, stack: readonly string[]) => {
    const query = new URLSearchParams({
      ...(at === undefined || at === FIRST ? {} : { cursor: at }),
      ...(stack.length === 0 ? {} : { back: stack.join(".") }),
    }).toString();
    return query === "" ? path : `${path}?${query}`;
  };
  const previous = before.at(-1);
  return {
    first: here === undefined || previous === FIRST ? undefined : path,
    /** Pages that one cannot go back through lie before. */
    mostBack: previous !== undefined && before[0] !== FIRST ? MAX_BACK : undefined,
    previous: previous === undefined ? undefined : link(previous, before.slice(0, -1)),
    next: next === null ? undefined : link(next, [...before, here ?? FIRST].slice(-MAX_BACK)),
  };
}

/** The same page of the list again. */
export function sameplace(path: string, { cursor: here, back }: Place): string {
  const query = new URLSearchParams({
    ...(here === undefined ? {} : { cursor: here }),
    ...(back === "" ? {} : { back }),
  }).toString();
  return query === "" ? path : `${path}?${query}`;
}
