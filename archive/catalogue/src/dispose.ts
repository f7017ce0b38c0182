import { int8, uuid } from "./columns.ts";
import type { CataloguePool } from "./connection.ts";

const CUT = `
WITH gone AS (
  SELECT id, tokens, sender, custodian, conversation FROM catalogue.record WHERE id = ANY ($1::uuid[]) AND NOT disposed
  FOR UPDATE
), cut AS (
  UPDATE catalogue.record r SET disposed = true, segment = NULL, account = NULL, custodian = NULL, conversation = NULL,
    sender = NULL, network_id = NULL, target = NULL, reply_to = NULL, source = NULL, matter = NULL, at = NULL,
    captured_at = NULL, span_from = NULL, span_to = NULL, off = NULL, len = NULL, kind = NULL, network = NULL,
    method = NULL, provenance = NULL, attachments = NULL, flags = NULL, tokens = NULL
  FROM gone WHERE r.id = gone.id
)
SELECT 'word', unnest(tokens) FROM gone
UNION SELECT 'participant', sender FROM gone WHERE sender IS NOT NULL
UNION SELECT 'participant', custodian FROM gone WHERE custodian IS NOT NULL
UNION SELECT 'conversation', conversation FROM gone WHERE conversation IS NOT NULL
UNION ALL SELECT 'cut', count(*) FROM gone`;

/**
 * Deletes what is named, unless another record still has it. A word that the statistics count among the most
 * common is taken to be in use: to look it up would read a good part of the index.
 */
const FORGET = {
  word: `DELETE FROM catalogue.word w USING unnest($1::bigint[]) AS u (token)
    WHERE w.token = u.token AND w.token <> ALL (ARRAY(
      SELECT unnest(elems)::bigint FROM catalogue.statistics() WHERE attribute = 'tokens' AND rows > 20000))
    AND NOT EXISTS (SELECT FROM catalogue.record r WHERE r.tokens @> ARRAY[u.token])`,
  participant: `DELETE FROM catalogue.participant p WHERE p.key = ANY ($1::bigint[])
    AND NOT EXISTS (SELECT FROM catalogue.record r WHERE r.sender = p.key)
    AND NOT EXISTS (SELECT FROM catalogue.record r WHERE r.custodian = p.key)`,
  conversation: `DELETE FROM catalogue.conversation c WHERE c.key = ANY ($1::bigint[])
    AND NOT EXISTS (SELECT FROM catalogue.record r WHERE r.conversation = c.key)`,
} as const;

/** Records of one transaction at most: writers wait while it runs. */
const CHUNK = 500;

/** See `CatalogueWriter.dispose`. */
export async function dispose(pool: CataloguePool, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += CHUNK) {
    await disposeTogether(pool, ids.slice(start, start + CHUNK));
  }
}

async function disposeTogether(pool: CataloguePool, ids: readonly string[]): Promise<void> {
  await pool.session(async (session) => {
    try {
      // No writer may be between knowing a word and storing a record that has it. Looking up each word in
      // the index is cheap only when the planner cannot choose to read the table instead.
      await session.query("BEGIN; SET LOCAL enable_seqscan = off; SELECT pg_advisory_xact_lock(7318002)");
      const { rows } = await session.query(CUT, [uuid(ids)]);
      for (const table of ["word", "participant", "conversation"] as const) {
        const keys = rows.flatMap(([of, key]) => (of === table && key !== null ? [BigInt(String(key))] : []));
        if (keys.length > 0) await session.query(FORGET[table], [int8(keys)]);
      }
      if (rows.some(([of, count]) => of === "cut" && count !== "0"))
        await session.query("UPDATE catalogue.generation SET number = number + 1");
      await session.query("COMMIT");
      // So that `reclaim` counts what is left after it, and not also what this left.
      await session.query("SELECT pg_stat_force_next_flush()");
    } catch (error) {
      await session.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  });
}
