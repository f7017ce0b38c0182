import { z } from "zod";

/** Where a body is that says nothing else. */
const DEFAULT_ZONE = "Europe/London";

/** Where the body is, by the names of the IANA database. */
export const ZONE = {
  DAYBOOK_ZONE: z
    .string()
    .refine(isZone, "must be a time zone of the IANA database, such as Europe/London")
    .default(DEFAULT_ZONE)
    .describe(
      "time zone of the body, IANA: days that people name are days there, and the console shows its times",
    ),
};

const time = "((?:[01]\\d|2[0-3]):[0-5]\\d)";
const HOURS = new RegExp(`^${time}-${time} (\\S+)$`);

/** `21:00-08:00 Europe/London`. */
export const quietHours = z
  .string()
  .refine((text) => {
    const [, from, until, zone = ""] = HOURS.exec(text) ?? [];
    return from !== until && isZone(zone);
  }, "must look like 21:00-08:00 Europe/London")
  .transform((text) => {
    const [, from = "", until = "", zone = ""] = HOURS.exec(text) ?? [];
    return { from, until, zone };
  });

/** Names of places alone: an offset has no summer. */
export function isZone(name: string): boolean {
  if (!/^(?:[A-Za-z]+(?:\/[A-Za-z0-9_+-]+){1,2}|UTC)$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
