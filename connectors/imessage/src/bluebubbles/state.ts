import { type Change, StateFile } from "@daybook/keeping";
import { z } from "zod";

export type StateKind = "cursor" | "chat" | "media" | "had" | "relayed" | "coverage" | "canary";
export type StateChange = Change<StateKind>;

/**
 * Losing it loses no message: the Mac's database is walked from its beginning again, into the same records. What became of
 * messages under way is lost.
 */
export type BlueBubblesState = StateFile<StateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openState(path: string, key: Uint8Array, now: () => Date): BlueBubblesState {
  return StateFile.open({
    path,
    key,
    label: "daybook bluebubbles state v1",
    whose: "BlueBubbles's connector",
    now,
  });
}

/** Up to where the database was captured. */
export const cursor = z.object({
  /** Every row up to this ROWID is durable. */
  rowid: z.int().nonnegative(),
  /** Every change up to then, by the Mac's clock. Milliseconds since 1970. */
  changedAt: z.int(),
  /** The highest ROWID of a file that was seen. */
  file: z.int().nonnegative().default(0),
  /** The last rows, by which the same database is known: ROWID and GUID. */
  known: z.array(z.tuple([z.int(), z.string()])).max(100),
});
export type Cursor = z.infer<typeof cursor>;
