import { z } from "zod";

/** Why somebody did it, in their words. */
export const reason = z.string().trim().min(1).max(2_000);

/** The parameters of a route about one thing. */
export const params = z.object({ id: z.uuid() });

/** A record's id. */
export const recordId = z.string().regex(/^[0-9a-f]{32}$/);

/** An instant, or a day, which stands for this time of it in UTC. Becomes RFC 3339 in UTC, with milliseconds. */
export function instantOrDay(time: `${string}Z`) {
  return z.union([
    z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString()),
    z.iso.date().transform((day) => `${day}T${time}`),
  ]);
}

export const START_OF_DAY = "00:00:00.000Z";
export const END_OF_DAY = "23:59:59.999Z";
