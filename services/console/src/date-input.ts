import { z } from "zod";

const part = z.string().trim().max(20).default("");
const ISO_LENGTH = "2026-03-04".length;

type DateFields<Name extends string> = Record<`${Name}-day` | `${Name}-month` | `${Name}-year`, typeof part>;

/** The three fields of a date input of this name. */
export function dateFields<Name extends string>(name: Name): DateFields<Name> {
  return { [`${name}-day`]: part, [`${name}-month`]: part, [`${name}-year`]: part } as DateFields<Name>;
}

/** The day that a date input holds, `2026-03-04`; undefined when it is left empty, null when there is no such day. */
export function dayIn(values: Readonly<Record<string, unknown>>, name: string): string | undefined | null {
  const parts = ["day", "month", "year"].map((one) => {
    const value = values[`${name}-${one}`];
    return typeof value === "string" ? value.trim() : "";
  });
  if (parts.every((one) => one === "")) return undefined;
  const [day = "", month = "", year = ""] = parts;
  // A year of two digits may be of any century.
  const iso = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return iso.length === ISO_LENGTH && z.iso.date().safeParse(iso).success ? iso : null;
}

/** The day of a date input that `requireDay` let through. */
export function givenDay(values: Readonly<Record<string, unknown>>, name: string): string {
  return dayIn(values, name) ?? "";
}

/**
 * For `check` of a form with such an input.
 *
 * @param keys of the texts: what is said of an empty one, which undefined allows, and of one that is no date
 */
export function requireDay(
  name: string,
  keys: { missing: string | undefined; wrong: string },
): (payload: z.core.ParsePayload<Record<string, unknown>>) => void {
  return (payload) => {
    const day = dayIn(payload.value, name);
    const message = day === null ? keys.wrong : day === undefined ? keys.missing : undefined;
    if (message !== undefined)
      payload.issues.push({ code: "custom", path: [`${name}-day`], message, input: payload.value });
  };
}
