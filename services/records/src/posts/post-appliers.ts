import type { Appliers } from "../apply.ts";
import { foldName } from "../cells.ts";
import type { Tx } from "../database.ts";
import { postPlaces as PLACES } from "./places.ts";
import type { postFacts } from "./post-facts.ts";
import { putIn, takeOut } from "./spans.ts";

/** How people, posts and devices over time change the tables. */
export const postAppliers: Appliers<keyof typeof postFacts> = {
  "custodian.rename": async (tx, { detail: { id, name } }, cells) => {
    await tx.query("UPDATE records.custodian SET name_key = $2, name = $3 WHERE id = $1", [
      id,
      cells.lookup("custodian", foldName(name)),
      cells.seal(PLACES.custodian(id), name),
    ]);
  },
  "custodian.leave": async (tx, { detail: { id, to, accounts } }) => {
    await tx.query("UPDATE records.custodian SET left_at = $2 WHERE id = $1", [id, to]);
    for (const account of new Set(accounts.map((link) => link.account))) {
      for (const { from, to: end } of accounts.filter((link) => link.account === account)) {
        await unlink(tx, account, { from: from > to ? from : to, to: end });
      }
    }
    await tx.query("DELETE FROM records.holding WHERE custodian = $1 AND lower(valid) >= $2::timestamptz", [
      id,
      to,
    ]);
    await tx.query(
      `UPDATE records.holding SET valid = tstzrange(lower(valid), $2::timestamptz)
       WHERE custodian = $1 AND valid @> $2::timestamptz`,
      [id, to],
    );
  },
  "custodian.return": async (tx, { detail: { id } }) => {
    await tx.query("UPDATE records.custodian SET left_at = NULL WHERE id = $1", [id]);
  },

  "identifier.add": async (tx, { detail }, cells) => {
    const { id, custodian, kind, value, from, to } = detail;
    await tx.query("INSERT INTO records.identifier VALUES ($1, $2, $3, $4, $5, tstzrange($6, $7))", [
      id,
      custodian,
      kind,
      cells.lookup("held-identifier", value),
      cells.seal(PLACES.heldIdentifier(id), value),
      from,
      to,
    ]);
  },
  "identifier.end": async (tx, { detail: { id, to } }) => {
    await tx.query("UPDATE records.identifier SET valid = tstzrange(lower(valid), $2) WHERE id = $1", [
      id,
      to,
    ]);
  },

  "post.add": async (tx, { at, detail }, cells) => {
    const { id, title, unit, group, capstone } = detail;
    await tx.query("INSERT INTO records.post VALUES ($1, $2, $3, $4, $5, $6, $7)", [
      id,
      cells.lookup("post", foldName(title)),
      cells.seal(PLACES.post(id), title),
      unit && cells.seal(PLACES.unit(id), unit),
      group,
      capstone,
      at,
    ]);
  },
  "post.change": async (tx, { detail: { id, after } }, cells) => {
    await tx.query(
      `UPDATE records.post SET title_key = $2, title = $3, unit = $4, "group" = $5, capstone = $6 WHERE id = $1`,
      [
        id,
        cells.lookup("post", foldName(after.title)),
        cells.seal(PLACES.post(id), after.title),
        after.unit && cells.seal(PLACES.unit(id), after.unit),
        after.group,
        after.capstone,
      ],
    );
  },
  "holding.add": async (tx, { detail }, cells) => {
    const { id, post, custodian, kind, from, to, basis } = detail;
    await tx.query("INSERT INTO records.holding VALUES ($1, $2, $3, tstzrange($4, $5), $6, $7)", [
      id,
      post,
      custodian,
      from,
      to,
      kind,
      basis && cells.seal(PLACES.basis(id), basis),
    ]);
  },
  "holding.change": async (tx, { detail: { id, after } }, cells) => {
    const { from, to, kind, basis } = after;
    await tx.query(
      "UPDATE records.holding SET valid = tstzrange($2, $3), kind = $4, basis = $5 WHERE id = $1",
      [id, from, to, kind, basis && cells.seal(PLACES.basis(id), basis)],
    );
  },
  "holding.void": async (tx, { detail: { id } }) => {
    await tx.query("DELETE FROM records.holding WHERE id = $1", [id]);
  },

  "device.add": async (tx, { at, detail }, cells) => {
    const { id, label, ownership, mode, source } = detail;
    await tx.query("INSERT INTO records.device VALUES ($1, $2, $3, $4, $5, $6, $7)", [
      id,
      cells.lookup("device", foldName(label)),
      cells.seal(PLACES.device(id), label),
      ownership,
      mode,
      source && cells.seal(PLACES.deviceSource(id), source),
      at,
    ]);
  },
  "device.change": async (tx, { detail: { id, after } }, cells) => {
    await tx.query(
      "UPDATE records.device SET label_key = $2, label = $3, ownership = $4, mode = $5, source = $6 WHERE id = $1",
      [
        id,
        cells.lookup("device", foldName(after.label)),
        cells.seal(PLACES.device(id), after.label),
        after.ownership,
        after.mode,
        after.source && cells.seal(PLACES.deviceSource(id), after.source),
      ],
    );
  },
  "device.use": async (tx, { detail: { id, account, from, to } }) => {
    await takeOut(tx, "device_use", account, { from, to }, id);
    await putIn(tx, "device_use", account, id, { from, to });
  },
  "device.release": (tx, { detail: { id, account, from, to } }) =>
    takeOut(tx, "device_use", account, { from, to }, id),

  "account.correct": async (tx, { detail: { id, custodian, from, to } }) => {
    await unlink(tx, id, { from, to });
    if (custodian !== null) await putIn(tx, "account_link", id, custodian, { from, to });
  },
};

/** From the interval an account is nobody's, and on no device. */
export async function unlink(
  tx: Tx,
  account: string,
  within: { from: string; to: string | null },
): Promise<void> {
  await takeOut(tx, "device_use", account, within);
  await takeOut(tx, "account_link", account, within);
}
