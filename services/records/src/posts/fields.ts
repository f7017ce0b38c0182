import { z } from "zod";
import { RecordsError } from "../error.ts";
import { localMidnight } from "./local-day.ts";

/** Nothing was captured before. */
const EARLIEST = "1970-01-01T00:00:00.000Z";
/** The last year that RFC 3339 can write leaves room for an instant after it, in any zone. */
const END = "9999-01-01T00:00:00.000Z";

/** An instant, or a day, which stands for its first instant where the body is. Becomes RFC 3339 in UTC. */
export function when(zone: string) {
  return z
    .union([
      z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString()),
      z.iso.date().transform((day, context) => {
        try {
          return localMidnight(day, zone).toISOString();
        } catch {
          context.issues.push({ code: "custom", message: "a day that there is not", input: day });
          return z.NEVER;
        }
      }),
    ])
    .refine((at) => at >= EARLIEST, `not before ${EARLIEST}`)
    .refine((at) => at < END, `before ${END}`);
}

/** @throws {RecordsError} `bad-request`: no more than so many days at once */
export function requirePeriod(period: { from: string; to: string }, maxDays: number): void {
  const days = (Date.parse(period.to) - Date.parse(period.from)) / 86_400_000;
  if (days <= 0) throw new RecordsError("bad-request", "a period ends after it begins");
  if (days > maxDays) throw new RecordsError("bad-request", `a period has ${maxDays} days at most`);
}

export const custodianRef = z.object({ id: z.uuid(), name: z.string() });
export const name = z.string().trim().min(1).max(512);
export const span = { from: z.string(), to: z.string().nullable() };
