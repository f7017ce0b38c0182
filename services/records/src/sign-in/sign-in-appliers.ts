import type { Appliers } from "../apply.ts";
import { type Cells, foldName } from "../cells.ts";
import type { Tx } from "../database.ts";
import { signInPlaces } from "./places.ts";
import type { Identity, PasskeyDetail, signInFacts } from "./sign-in-facts.ts";

/** By what a directory's person is looked up. */
export function identityKey(cells: Cells, { issuer, subject }: Identity): Buffer {
  return cells.lookup("identity", issuer, subject);
}

export const signInAppliers: Appliers<keyof typeof signInFacts> = {
  "person.add": async (tx, { at, detail }, cells) => {
    const { id, name, roles, custodians, identity, trial = false } = detail;
    await tx.query(
      `INSERT INTO records.person (id, name_key, name, kind, roles, custodians, identity_key, trial, added_at)
       VALUES ($1, $2, $3, 'person', $4, $5, $6, $7, $8)
       ON CONFLICT (id) DO UPDATE SET name_key = EXCLUDED.name_key, name = EXCLUDED.name, roles = EXCLUDED.roles,
         custodians = EXCLUDED.custodians, identity_key = coalesce(EXCLUDED.identity_key, records.person.identity_key),
         trial = EXCLUDED.trial, added_at = EXCLUDED.added_at, ended_at = NULL`,
      [
        id,
        cells.lookup("person", foldName(name)),
        cells.seal(signInPlaces.person(id), name),
        roles,
        custodians,
        identity ? identityKey(cells, identity) : null,
        trial,
        at,
      ],
    );
  },
  "person.change": async (tx, { detail: { id, name, roles, custodians } }, cells) => {
    await tx.query(
      "UPDATE records.person SET name_key = $2, name = $3, roles = $4, custodians = $5 WHERE id = $1",
      [
        id,
        cells.lookup("person", foldName(name)),
        cells.seal(signInPlaces.person(id), name),
        roles,
        custodians,
      ],
    );
  },
  "person.identify": async (tx, { detail: { id, identity } }, cells) => {
    await tx.query("UPDATE records.person SET identity_key = $2 WHERE id = $1", [
      id,
      identityKey(cells, identity),
    ]);
  },
  "person.end": async (tx, { at, detail: { id } }) => {
    await tx.query("UPDATE records.person SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", [id, at]);
    await tx.query("UPDATE records.token SET revoked_at = $2 WHERE person = $1 AND revoked_at IS NULL", [
      id,
      at,
    ]);
    await tx.query("UPDATE records.passkey SET removed_at = $2 WHERE person = $1 AND removed_at IS NULL", [
      id,
      at,
    ]);
    await withdraw(tx, id, at);
  },

  "passkey.add": (tx, { at, detail: { change: _, ...passkey } }, cells) => addPasskey(tx, passkey, at, cells),
  "passkey.remove": async (tx, { at, detail: { id } }) => {
    await tx.query("UPDATE records.passkey SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL", [
      id,
      at,
    ]);
  },

  "invitation.add": async (tx, { at, detail: { id, person, hash, expiresAt } }) => {
    await withdraw(tx, person, at);
    await tx.query(
      "INSERT INTO records.invitation (id, person, hash, added_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
      [id, person, Buffer.from(hash, "hex"), at, expiresAt],
    );
  },
  "invitation.use": async (tx, { at, detail: { id, passkey } }, cells) => {
    await tx.query("UPDATE records.invitation SET used_at = $2 WHERE id = $1", [id, at]);
    await addPasskey(tx, passkey, at, cells);
  },
};

async function withdraw(tx: Tx, person: string, at: string): Promise<void> {
  await tx.query(
    `UPDATE records.invitation SET withdrawn_at = $2
     WHERE person = $1 AND used_at IS NULL AND withdrawn_at IS NULL`,
    [person, at],
  );
}

async function addPasskey(tx: Tx, passkey: PasskeyDetail, at: string, cells: Cells): Promise<void> {
  const { id, person, credential, publicKey, transports, label, counter } = passkey;
  await tx.query(
    `INSERT INTO records.passkey (id, person, credential, public_key, transports, label, counter, added_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      id,
      person,
      Buffer.from(credential, "base64url"),
      Buffer.from(publicKey, "base64url"),
      transports,
      cells.seal(signInPlaces.passkey(id), label),
      counter,
      at,
    ],
  );
}
