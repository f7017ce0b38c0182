import { agentAppliers } from "./agents/agent-appliers.ts";
import { type Cells, foldName } from "./cells.ts";
import { calendarAppliers } from "./clocks/calendar-appliers.ts";
import type { Tx } from "./database.ts";
import { exportAppliers } from "./exporting/export-appliers.ts";
import { matterAppliers } from "./matters/matter-appliers.ts";
import { type Fact, type FactAction, factSchemas } from "./facts.ts";
import { healthAppliers } from "./health/health-appliers.ts";
import { participantAppliers } from "./participants/participant-appliers.ts";
import { participantPlaces } from "./participants/places.ts";
import { postPlaces } from "./posts/places.ts";
import { postAppliers, unlink } from "./posts/post-appliers.ts";
import { signInPlaces } from "./sign-in/places.ts";
import { signInAppliers } from "./sign-in/sign-in-appliers.ts";
import { selectionAppliers } from "./searching/selection-facts.ts";

/** How facts change the tables, by action. */
export type Appliers<A extends FactAction = FactAction> = {
  readonly [Action in A]: (tx: Tx, fact: Extract<Fact, { action: Action }>, cells: Cells) => Promise<void>;
};

/** Bytes of a record's id. */
export const ID_BYTES = 16;

/** Ids of records, one after another. */
export function packIds(ids: readonly string[]): Buffer {
  return Buffer.from(ids.join(""), "hex");
}

export function unpackIds(packed: Uint8Array): string[] {
  return (Buffer.from(packed).toString("hex").match(/.{32}/g) ?? []).map(String);
}

/** Where each cell of the registry is sealed. */
export const PLACES = {
  ...postPlaces,
  ...participantPlaces,
  identifier: (id: string) => `account.identifier/${id}`,
  ...signInPlaces,
  scopeReason: (id: string) => `scope_rule.reason/${id}`,
  holdReason: (id: string) => `hold.reason/${id}`,
  predicate: (id: string) => `hold.predicate/${id}`,
  releaseReason: (id: string) => `hold_release.reason/${id}`,
  disposalReason: (id: string) => `disposal.reason/${id}`,
  authority: (id: string) => `disposal.authority/${id}`,
  exportFilters: (id: string) => `export.filters/${id}`,
  exportName: (id: string) => `export.name/${id}`,
} as const;

const appliers: Appliers = {
  ...selectionAppliers,
  ...agentAppliers,
  ...participantAppliers,

  "custodian.add": async (tx, { at, detail: { id, name } }, cells) => {
    await tx.query("INSERT INTO records.custodian VALUES ($1, $2, $3, $4)", [
      id,
      cells.lookup("custodian", foldName(name)),
      cells.seal(PLACES.custodian(id), name),
      at,
    ]);
  },

  "account.add": async (tx, { at, detail }, cells) => {
    const { id, network, method, identifier, custodian, from, to = null } = detail;
    await tx.query("INSERT INTO records.account VALUES ($1, $2, $3, $4, $5, $6)", [
      id,
      network,
      method,
      identifier === null ? null : cells.lookup("identifier", network, identifier),
      identifier === null ? null : cells.seal(PLACES.identifier(id), identifier),
      at,
    ]);
    await tx.query("INSERT INTO records.account_link VALUES ($1, tstzrange($2, $3), $4)", [
      id,
      from,
      to,
      custodian,
    ]);
  },

  "account.move": async (tx, { detail: { id, custodian, from } }) => {
    await unlink(tx, id, { from, to: null });
    await tx.query("INSERT INTO records.account_link VALUES ($1, tstzrange($2, NULL), $3)", [
      id,
      from,
      custodian,
    ]);
  },
  "account.end": (tx, { detail: { id, to } }) => unlink(tx, id, { from: to, to: null }),
  ...postAppliers,
  "registry.import": async (tx, fact, cells) => {
    const { facts, change } = fact.detail;
    for (const { action, detail } of facts) {
      // Whoever made the file's fact has checked each; a detail that does not fit is of another version.
      const parsed = factSchemas[action].parse({ ...detail, change });
      await apply(tx, { ...fact, action, detail: parsed } as Fact, cells);
    }
  },
  ...healthAppliers,

  "token.add": async (tx, { at, detail }, cells) => {
    const { id, hash, person, roles, custodians = [], expiresAt } = detail;
    await tx.query("INSERT INTO records.person VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", [
      person.id,
      cells.lookup("person", foldName(person.name)),
      cells.seal(PLACES.person(person.id), person.name),
      person.kind,
    ]);
    await tx.query(
      `INSERT INTO records.token (id, hash, person, roles, expires_at, added_at, custodians)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, Buffer.from(hash, "hex"), person.id, roles, expiresAt, at, custodians],
    );
  },
  "token.revoke": async (tx, { at, detail: { id } }) => {
    await tx.query("UPDATE records.token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", [id, at]);
  },

  ...matterAppliers,
  ...calendarAppliers,

  "scope.add": async (tx, { at, actor, detail: { id, rule, reason } }, cells) => {
    await tx.query("INSERT INTO records.scope_rule VALUES ($1, $2, $3, $4, $5)", [
      id,
      JSON.stringify(rule),
      cells.seal(PLACES.scopeReason(id), reason),
      actor,
      at,
    ]);
  },
  "scope.end": async (tx, { at, detail: { id } }) => {
    await tx.query("UPDATE records.scope_rule SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", [
      id,
      at,
    ]);
  },

  "hold.add": async (tx, { at, actor, detail: { id, matter, reason, predicate } }, cells) => {
    await tx.query("INSERT INTO records.hold VALUES ($1, $2, $3, $4, $5, $6)", [
      id,
      matter,
      cells.seal(PLACES.holdReason(id), reason),
      cells.seal(PLACES.predicate(id), JSON.stringify(predicate)),
      actor,
      at,
    ]);
  },
  "hold.propose-release": async (tx, { at, actor, detail: { id, release, reason } }, cells) => {
    await tx.query("INSERT INTO records.hold_release VALUES ($1, $2, $3, $4, $5)", [
      release,
      id,
      cells.seal(PLACES.releaseReason(release), reason),
      actor,
      at,
    ]);
  },
  "hold.release": async (tx, { at, actor, detail: { id, release } }) => {
    await tx.query("UPDATE records.hold_release SET approved_by = $2, approved_at = $3 WHERE id = $1", [
      release,
      actor,
      at,
    ]);
    await tx.query("UPDATE records.hold SET released_at = $2 WHERE id = $1 AND released_at IS NULL", [
      id,
      at,
    ]);
  },

  "disposal.propose": async (tx, { at, actor, detail }, cells) => {
    const { id, ids, digest, reason, authority } = detail;
    await tx.query("INSERT INTO records.disposal VALUES ($1, 'proposed', $2, $3, $4, $5, $6, $7)", [
      id,
      packIds(ids),
      Buffer.from(digest, "hex"),
      cells.seal(PLACES.disposalReason(id), reason),
      cells.seal(PLACES.authority(id), authority),
      actor,
      at,
    ]);
  },
  "disposal.approve": (tx, { at, actor, detail: { id } }) => decide(tx, id, "approved", actor, at),
  "disposal.reject": (tx, { at, actor, detail: { id } }) => decide(tx, id, "rejected", actor, at),
  "disposal.begin": async (tx, { detail: { id, records, files, excluded, bytesGoneFrom, exports } }) => {
    await tx.query(
      `UPDATE records.disposal SET state = 'executing', doomed = $2, files = $3, excluded = $4,
         bytes_gone_from = $5, exports = $6 WHERE id = $1`,
      [id, JSON.stringify(records), packIds(files), JSON.stringify(excluded), bytesGoneFrom, exports],
    );
  },
  "disposal.certify": async (tx, { at, detail: { id, records, files, unreadableFrom } }) => {
    await tx.query(
      "UPDATE records.disposal SET state = 'done', unreadable_from = $2, done_at = $3 WHERE id = $1",
      [id, unreadableFrom, at],
    );
    await tx.query(
      `INSERT INTO records.disposed SELECT u.record::uuid, $1, u.shard, u.idx
       FROM unnest($2::text[], $3::text[], $4::bigint[]) u (record, shard, idx) ON CONFLICT DO NOTHING`,
      [
        id,
        records.map(([record]) => record),
        records.map(([, , shard]) => shard),
        records.map(([, , , index]) => index),
      ],
    );
    await tx.query(
      "INSERT INTO records.disposed_file SELECT unnest($1::text[])::uuid, $2 ON CONFLICT DO NOTHING",
      [files, id],
    );
  },

  "key.add": async (tx, { at, actor, detail: { fingerprint, role, from, publicKey } }) => {
    await tx.query("INSERT INTO records.archive_key VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING", [
      fingerprint,
      role,
      from,
      publicKey,
      actor,
      at,
    ]);
  },
  "key.retire": async (tx, { at, detail: { fingerprint } }) => {
    await tx.query("INSERT INTO records.retired_key VALUES ($1, $2) ON CONFLICT DO NOTHING", [
      fingerprint,
      at,
    ]);
  },
  "key.rewrap": async (tx, { at, actor, detail: { id, to, drop } }) => {
    await tx.query("INSERT INTO records.rewrap VALUES ($1, $2, $3, $4, $5)", [id, to, drop, actor, at]);
  },
  "key.rewrap-batch": async (tx, { detail: { id, count } }) => {
    await tx.query("UPDATE records.rewrap SET named = named + $2 WHERE id = $1", [id, count]);
  },
  "key.rewrap-end": async (tx, { at, detail: { id, failed, complete } }) => {
    await tx.query("UPDATE records.rewrap SET ended_at = $2, failed = $3, complete = $4 WHERE id = $1", [
      id,
      at,
      failed,
      complete,
    ]);
  },

  ...signInAppliers,
  ...exportAppliers,
};

/**
 * Applies one fact to the tables. The same whether the fact has just been decided or comes back from the audit
 * log, and nothing else writes them: nothing in it depends on the clock, on chance or on who calls.
 */
export async function apply(tx: Tx, fact: Fact, cells: Cells): Promise<void> {
  const applier = appliers[fact.action] as (tx: Tx, fact: Fact, cells: Cells) => Promise<void>;
  await applier(tx, fact, cells);
}

async function decide(tx: Tx, id: string, state: string, actor: string, at: string): Promise<void> {
  await tx.query("UPDATE records.disposal SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1", [
    id,
    state,
    actor,
    at,
  ]);
}
