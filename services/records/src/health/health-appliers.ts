import type { Appliers } from "../apply.ts";
import type { healthFacts } from "./health-facts.ts";

/** How what was found and done about the archive's health changes the tables. */
export const healthAppliers: Appliers<keyof typeof healthFacts> = {
  "fsck.end": async (tx, { at, actor, detail: { id, startedAt, ok, shards } }) => {
    await tx.query("INSERT INTO records.verification VALUES ($1, $2, $3, $4, $5, $6)", [
      id,
      actor,
      startedAt,
      at,
      ok,
      JSON.stringify(shards),
    ]);
  },
  "parked.replayed": async (tx, { at, actor, detail: { stream, offsets } }) => {
    await tx.query(
      `INSERT INTO records.replayed SELECT $1, unnest($2::bigint[]), $3, $4 ON CONFLICT DO NOTHING`,
      [stream, offsets, actor, at],
    );
  },
};
