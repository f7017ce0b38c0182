import type { Party } from "@daybook/contract";
import { isAddress } from "./header.ts";
import type { ThreadDay, ThreadEvent } from "./thread.ts";

/** Stands where RSMF wants a participant and the source names none. */
const UNKNOWN: Party = { id: "unknown", name: "Unknown" };

/** Everybody who occurs in a file, numbered in order of appearance. */
export class Participants {
  readonly #ids = new Map<string, { id: string; party: Party }>();

  constructor({ custodian, events }: ThreadDay) {
    this.idOf(custodian);
    for (const { record, edits, deletions, reactions, receipts } of events) {
      if (record.sender) this.idOf(record.sender);
      for (const party of record.recipients ?? []) this.idOf(party);
      for (const list of [edits, deletions, reactions, receipts])
        for (const { sender } of list) this.idOf(sender);
    }
  }

  idOf(party: Party = UNKNOWN): string {
    const known = this.#ids.get(party.id);
    if (!known) {
      const id = `P${this.#ids.size + 1}`;
      this.#ids.set(party.id, { id, party });
      return id;
    }
    if (known.party.name === "" && party.name !== "") known.party = party;
    return known.id;
  }

  /** The custodian first. */
  get parties(): Party[] {
    return [...this.#ids.values()].map(({ party }) => party);
  }

  get ids(): string[] {
    return [...this.#ids.values()].map(({ id }) => id);
  }

  entries(network: string) {
    return [...this.#ids.values()].map(({ id, party }) => ({
      id,
      display: party.name === "" ? party.id : party.name,
      account_id: party.id,
      ...(network === "email" && isAddress(party.id) ? { email: party.id } : {}),
    }));
  }
}

/** Names and numbers of a file's own events, by what replies name. */
export function eventsByNetworkId(events: readonly ThreadEvent[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const { record } of events)
    if (record.networkId !== undefined && record.target === undefined) ids.set(record.networkId, record.id);
  return ids;
}
