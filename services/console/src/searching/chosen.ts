import { z } from "zod";

/** Records of one page that can be chosen. */
const MAX_CHOSEN = 100;

/** Checkboxes of records: none, one, or several that are ticked. */
export const chosenRecords = z.preprocess(
  (value) => (value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value]),
  z.array(z.string().regex(/^[0-9a-f]{32}$/)).max(MAX_CHOSEN),
);

/** For `check` of a form with them: at least one, where that matters. */
export function requireChosen<Values extends { readonly record: readonly string[] }>(
  matters: (values: Values) => boolean,
): (payload: z.core.ParsePayload<Values>) => void {
  return ({ value, issues }) => {
    if (matters(value) && value.record.length === 0)
      issues.push({ code: "custom", path: ["record"], message: "searching:errors.noneChosen", input: value });
  };
}
