import { idOf } from "../../reading/entry.ts";
import type { AgentState } from "../spool/agent-state.ts";
import { knownAs, type KnownRows } from "../spool/known-rows.ts";
import type { Outbox, Outgoing, Saying } from "../spool/outbox.ts";
import type { LiveDatabase } from "./live-database.ts";
import type { Differences } from "./seen-rows.ts";

export interface VanishedDeps {
  readonly state: AgentState;
  readonly outbox: Outbox;
  readonly known: KnownRows;
  readonly saying: (waiting: number) => Saying;
  readonly now: () => Date;
}

/** Hands over that rows are not there any more, where nothing else says so. */
export async function tellGone(
  db: LiveDatabase,
  gone: Differences["gone"],
  { known, state, outbox, saying, now }: VanishedDeps,
): Promise<void> {
  if (gone.length === 0) return;
  const buried = new Set([...db.tombstones()].map(({ guid }) => guid));
  const outgoing: Outgoing[] = [];
  for (const { guid } of gone.filter(({ isElsewhere }) => !isElsewhere)) {
    const before = known.get(guid);
    if (!before || before.isGone || before.isTest) continue;
    const change = knownAs(guid, { ...before, isGone: true });
    const { network, conversation, alsoIn } = before;
    const about = {
      guid: idOf(guid),
      network,
      ...(conversation && { conversation }),
      ...(alsoIn && { alsoIn }),
    };
    const said = { v: 1, seen: "gone", at: now().getTime(), ...about };
    if (buried.has(guid)) await state.write([change]);
    else outgoing.push({ raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [change] });
  }
  await outbox.add(outgoing, saying(0));
  db.forget(gone.map(({ rowid }) => rowid));
}

/**
 * Hands over the ids of which nothing else is left, each once.
 *
 * @param after a ROWID of theirs: those up to it were handed over @returns the last
 */
export async function tellTombstones(
  db: LiveDatabase,
  after: bigint,
  { state, outbox, saying, now }: VanishedDeps,
): Promise<bigint> {
  const outgoing: Outgoing[] = [];
  let last = after;
  for (const { guid, rowid } of db.tombstones(after)) {
    last = rowid;
    if (state.has("tombstone", guid)) continue;
    const deletedMessage = { guid, ROWID: Number(rowid) };
    const said = { v: 1, seen: "tombstone", at: now().getTime(), deletedMessage };
    const change = { kind: "tombstone" as const, name: guid, value: true };
    outgoing.push({ raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [change] });
  }
  await outbox.add(outgoing, saying(0));
  return last;
}
