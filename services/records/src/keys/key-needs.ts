import type { LockedReader } from "@daybook/archive-core";
import { TOPICS } from "@daybook/contract";
import { type ListedRecipient, type PrivateKey, type RecipientList, wrappedTo } from "@daybook/openpgp";
import type { StreamReader } from "@daybook/stream";
import type { ArchiveKeys } from "./archive-keys.ts";
import { inLanes } from "./in-lanes.ts";
import type { WrappedHome } from "./wrapped-home.ts";

const SNAPSHOTS = "keyring-snapshot/";
/** Wrapped keys stand in front; of so many as there can be recipients. */
const MAX_WRAPPED_BYTES = 64 * 1024;
const PARKED_BATCH = { maxMessages: 100, maxBytes: 16 * 1024 * 1024 };

/** How many things were looked at, by where they are. */
export type Checked = Record<string, number>;

/** What needs a key: `until` where it will end by itself. */
export interface Needed {
  readonly where: WrappedHome["name"] | "snapshots" | "parked";
  readonly count: number;
  readonly until: string | null;
}

/** How many things are wrapped to each key, in one place. */
export interface Census {
  readonly where: WrappedHome["name"];
  readonly total: number;
  /** By fingerprint. */
  readonly byKey: Readonly<Record<string, number>>;
  /** By key id: wrapped to keys that are not listed. */
  readonly unknown: Readonly<Record<string, number>>;
  /** Not wrapped keys at all. */
  readonly damaged: number;
}

export interface KeyNeedsOptions {
  readonly archiveKeys: ArchiveKeys;
  readonly homes: readonly WrappedHome[];
  readonly records: Pick<LockedReader, "list" | "get" | "stat">;
  readonly stream: Pick<StreamReader, "range" | "read">;
  /** Ends every reading. */
  readonly signal: AbortSignal;
}

/** Tells what is wrapped to which key, from the ids in front of it: opens nothing. */
export class KeyNeeds {
  readonly #options: KeyNeedsOptions;

  constructor(options: KeyNeedsOptions) {
    this.#options = options;
  }

  /** Counts each place's things by the keys that they are wrapped to; yields each when it is done. */
  async *census(onProgress: (checked: Checked) => void): AsyncGenerator<Census, void, undefined> {
    const list = this.#options.archiveKeys.recipients();
    const checked: Checked = {};
    for (const home of this.#options.homes) {
      const tally = new Tally(list);
      for await (const names of inLanes(home.names())) {
        this.#options.signal.throwIfAborted();
        const found = await Promise.all(names.map((name) => home.read(name)));
        for (const one of found) if (one) tally.add(one.body);
        checked[home.name] = tally.total;
        onProgress(checked);
      }
      yield tally.result(home.name);
    }
  }

  /**
   * What could be opened no more without a key: blocks, cells' keys, snapshots and parked events that are wrapped to no
   * other private key that is here. A damaged thing needs none.
   */
  async of(
    fingerprint: string,
    onProgress: (checked: Checked) => void,
  ): Promise<{ needed: Needed[]; checked: Checked }> {
    const { archiveKeys, homes } = this.#options;
    const own = archiveKeys.recipients().find(fingerprint);
    const others = archiveKeys.privateKeys().filter((key) => key.fingerprint !== fingerprint);
    const needs = (body: Uint8Array) => own !== undefined && needsKey(body, own, others);
    const needed: Needed[] = [];
    const checked: Checked = { snapshots: 0, parked: 0 };
    const look = (where: Needed["where"]) => {
      checked[where] = (checked[where] ?? 0) + 1;
      onProgress(checked);
    };
    for (const home of homes) {
      let count = 0;
      checked[home.name] = 0;
      for await (const names of inLanes(home.names())) {
        this.#options.signal.throwIfAborted();
        for (const one of await Promise.all(names.map((name) => home.read(name)))) {
          look(home.name);
          if (one && needs(one.body)) count += 1;
        }
      }
      if (count > 0) needed.push({ where: home.name, count, until: null });
    }
    needed.push(...(await this.#snapshots(needs, look)), ...(await this.#parked(needs, look)));
    return { needed, checked };
  }

  /** Copies under a lock, which nobody rewrites: they lapse. */
  async #snapshots(
    needs: (body: Uint8Array) => boolean,
    look: (where: "snapshots") => void,
  ): Promise<Needed[]> {
    const { records, signal } = this.#options;
    let count = 0;
    let until = 0;
    for await (const names of inLanes(records.list(SNAPSHOTS))) {
      signal.throwIfAborted();
      await Promise.all(
        names.map(async (name) => {
          const stored = await records.stat(name);
          look("snapshots");
          if (!stored) return;
          if (!needs(await records.get(name, { start: 0, end: MAX_WRAPPED_BYTES }))) return;
          count += 1;
          until = Math.max(until, stored.retainUntil.getTime());
        }),
      );
    }
    return count === 0 ? [] : [{ where: "snapshots", count, until: new Date(until).toISOString() }];
  }

  async #parked(needs: (body: Uint8Array) => boolean, look: (where: "parked") => void): Promise<Needed[]> {
    const { stream, signal } = this.#options;
    const { first, next } = await stream.range(TOPICS.parked, 0);
    if (first >= next) return [];
    let count = 0;
    reading: for await (const batch of stream.read(TOPICS.parked, 0, first, PARKED_BATCH, signal)) {
      for (const { payload, offset } of batch) {
        if (offset >= next) break reading;
        look("parked");
        if (needs(payload)) count += 1;
        if (offset + 1 >= next) break reading;
      }
    }
    return count === 0 ? [] : [{ where: "parked", count, until: null }];
  }
}

const PLACES: Readonly<Record<Needed["where"], string>> = {
  keyring: "key blocks",
  "keyring-copy": "key blocks of the second keyring",
  catalogue: "keys of the catalogue's cells",
  snapshots: "keyring snapshots",
  parked: "parked events",
};

/** For people: what needs a key, and when to try again. */
export function whyNeeded(needed: readonly Needed[]): string {
  const what = needed.map(({ where, count, until }) =>
    until === null ? `${count} ${PLACES[where]}` : `${count} ${PLACES[where]}, locked until ${until}`,
  );
  const todo = [
    ...(needed.some(({ where }) => where !== "snapshots" && where !== "parked")
      ? ["re-wrap them (`daybook keys rewrap`)"]
      : []),
    ...(needed.some(({ where }) => where === "snapshots") ? ["wait until the snapshots have lapsed"] : []),
    ...(needed.some(({ where }) => where === "parked") ? ["replay what is parked"] : []),
  ];
  return `needed by ${what.join("; ")}: ${todo.join(", ")}`;
}

class Tally {
  readonly #list: RecipientList;
  readonly #byKey = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  #damaged = 0;
  total = 0;

  constructor(list: RecipientList) {
    this.#list = list;
  }

  add(body: Uint8Array): void {
    this.total += 1;
    const ids = idsOf(body);
    if (!ids) {
      this.#damaged += 1;
      return;
    }
    for (const id of ids) {
      const known = this.#list.byKeyId(id)?.recipient.fingerprint;
      const counts = known === undefined ? this.#unknown : this.#byKey;
      counts.set(known ?? id, (counts.get(known ?? id) ?? 0) + 1);
    }
  }

  result(where: WrappedHome["name"]): Census {
    return {
      where,
      total: this.total,
      byKey: Object.fromEntries(this.#byKey),
      unknown: Object.fromEntries(this.#unknown),
      damaged: this.#damaged,
    };
  }
}

function needsKey(body: Uint8Array, own: ListedRecipient, others: readonly PrivateKey[]): boolean {
  const ids = idsOf(body);
  if (!ids?.some((id) => own.recipient.keyIds.includes(id))) return false;
  return !others.some(({ keyIds }) => keyIds.some((id) => ids.includes(id)));
}

/** Undefined for what is damaged. */
function idsOf(body: Uint8Array): string[] | undefined {
  try {
    return wrappedTo(body);
  } catch {
    return undefined;
  }
}
