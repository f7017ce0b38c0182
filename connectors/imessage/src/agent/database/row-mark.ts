import type { SQLOutputValue } from "node:sqlite";

/** How a row was when it was read: the values of its telling columns, and the ROWIDs of its files. */
export interface RowState {
  readonly values: readonly SQLOutputValue[];
  readonly files: readonly bigint[];
}

/**
 * A row's state as a line, to be kept.
 *
 * @param as what the values are of: a line of other columns, or of another reading, says nothing
 * @returns undefined for values that are no whole numbers: such a row is read again at each start
 */
export function markOf(as: string, { values, files }: RowState): string | undefined {
  if (!values.every((value) => value === null || typeof value === "bigint")) return undefined;
  return [as, values.map((value) => String(value ?? "")).join("/"), files.join(",")].join("|");
}

/** @returns undefined where it says nothing */
export function stateIn(as: string, count: number, mark: string | undefined): RowState | undefined {
  const [of, values = "", files = ""] = mark?.split("|") ?? [];
  if (of !== as) return undefined;
  const state = {
    values: values.split("/").map((value) => (value === "" ? null : BigInt(value))),
    files: files === "" ? [] : files.split(",").map(BigInt),
  };
  return state.values.length === count ? state : undefined;
}
