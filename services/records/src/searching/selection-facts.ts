import { z } from "zod";
import type { Appliers } from "../apply.ts";

/** Records of one fact at most. */
export const MAX_SELECTED_AT_ONCE = 10_000;

const change = {
  change: z.uuid(),
  /** The matter's. */
  id: z.uuid(),
  ids: z
    .array(z.string().regex(/^[0-9a-f]{32}$/))
    .min(1)
    .max(MAX_SELECTED_AT_ONCE),
  why: z.string().min(1).max(2_000),
};

/** What audit events say of what was selected under a matter, by their action: see `factSchemas`. */
export const selectionFacts = {
  "selection.add": z.strictObject(change),
  "selection.remove": z.strictObject(change),
} as const;

export const selectionAppliers: Appliers<keyof typeof selectionFacts> = {
  "selection.add": async (tx, { at, actor, detail: { id, ids } }) => {
    await tx.query(
      `INSERT INTO records.selection SELECT $1, unnest($2::text[])::uuid, $3, $4 ON CONFLICT DO NOTHING`,
      [id, ids, actor, at],
    );
  },
  "selection.remove": async (tx, { detail: { id, ids } }) => {
    await tx.query("DELETE FROM records.selection WHERE matter = $1 AND record = ANY ($2::text[]::uuid[])", [
      id,
      ids,
    ]);
  },
};
