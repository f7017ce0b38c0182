import { z } from "zod";
import type { LiveDatabase } from "./live-database.ts";

/** By what the database is known again. */
export const mark = z.object({
  /** Rises when there is another. */
  of: z.int(),
  anchors: z.object({ rows: z.array(z.tuple([z.string(), z.string()])), given: z.string().optional() }),
  /** When it was read last, milliseconds since 1970. */
  readAt: z.int(),
});
export type Mark = z.infer<typeof mark>;

const ANCHORS = 20;
const EVERY_MS = 60_000;

/**
 * What is to be remembered; undefined where what is says it.
 *
 * @param readAt the Mac's clock, milliseconds since 1970
 */
export function freshMark(
  db: LiveDatabase,
  before: Mark | undefined,
  { hasChanged, readAt }: { readonly hasChanged: boolean; readonly readAt: number },
): Mark | undefined {
  const isLately = readAt - (before?.readAt ?? 0) < EVERY_MS;
  if (before && !hasChanged && isLately) return undefined;
  const { given } = db;
  const known = before?.anchors.rows ?? [];
  if (known.length > 0 && before?.anchors.given === given && isLately) return undefined;
  const rows = known.length > 0 ? [...known] : db.anchors(ANCHORS);
  return { of: before?.of ?? 0, anchors: { rows, given }, readAt };
}
