import { retireIngestKeys } from "@daybook/archiver";
import type { StreamPosition } from "@daybook/archive-core";
import type { Logger } from "@daybook/runtime";
import { generateIngestKey, StreamError } from "@daybook/stream";
import type { IngestKey, IngestKeyStore } from "./key-list.ts";

const WEEK_MS = 7 * 86_400_000;

/** Where things stand, asked when a key may be due. */
export interface IngestKeyFacts {
  readonly now: Date;
  /** Where the stream ends, per shard: what a new key will not have encrypted. */
  ends(): Promise<readonly { shard: string; stream: string; offset: number }[]>;
  /** Where a restart of each shard would read from. */
  positions(): Promise<ReadonlyMap<string, StreamPosition | undefined>>;
  /** Whether a spool may still hold, or be given, events under a key. */
  spooled?(kid: string): Promise<boolean>;
  /** How long producers may go on with an older key after a newer one was made, in ms. None unless given. */
  readonly overlapMs?: number;
}

/** The ingest keys in use: the newest encrypts, and older ones open until nothing under them is needed. */
export class IngestKeys {
  readonly #store: IngestKeyStore;
  readonly #log: Logger;
  #keys: readonly IngestKey[];

  private constructor(store: IngestKeyStore, log: Logger, keys: readonly IngestKey[]) {
    this.#store = store;
    this.#log = log;
    this.#keys = keys;
  }

  static async open(store: IngestKeyStore, log: Logger): Promise<IngestKeys> {
    return new IngestKeys(store, log, await store.read());
  }

  /** The id and the public key to encrypt to, base64. */
  current(): { readonly kid: string; readonly publicKey: string } {
    const { kid, publicKey } = this.#newest();
    return { kid, publicKey };
  }

  /** The private key of that id, base64; undefined once it is destroyed. */
  privateKey(kid: string): string | undefined {
    return this.#keys.find((key) => key.kid === kid)?.privateKey;
  }

  /** When the oldest of them was made. */
  oldest(): Date {
    return new Date(this.#keys[0]?.createdAt ?? Number.NaN);
  }

  /** Reads them again: another process may have changed them. */
  async refresh(): Promise<void> {
    this.#keys = await this.#store.read();
  }

  /**
   * Reads them again for one that is not known, before what lies under it is given up.
   *
   * @throws {StreamError} `unavailable` (retryable) when they cannot be read
   */
  async lookAgain(): Promise<void> {
    try {
      await this.refresh();
    } catch (cause) {
      throw new StreamError("unavailable", "the ingest keys cannot be read again just now", { cause });
    }
  }

  /**
   * Makes a new key when the newest is a week old, and destroys those that every shard and spool is past. A key is only
   * used once it is durably kept. May be repeated.
   *
   * @throws {ArchiveError} `conflict` when another process did so at the same time
   */
  async turn(facts: IngestKeyFacts): Promise<void> {
    const { now, overlapMs = 0 } = facts;
    if (now.getTime() - Date.parse(this.#newest().createdAt) >= WEEK_MS)
      await this.#save([...this.#keys, await generateIngestKey()]);
    const unused = new Set<string>();
    for (const [i, { kid, retired }] of this.#keys.entries()) {
      const next = this.#keys[i + 1];
      if (retired || !next || now.getTime() - Date.parse(next.createdAt) < overlapMs) continue;
      // What a spool holds lands behind where the stream ends now.
      if (!(await facts.spooled?.(kid))) unused.add(kid);
    }
    if (unused.size > 0) {
      // Only what was sent before this can be under the older keys: a newer one is in use everywhere.
      const retired = [...(await facts.ends())];
      await this.#save(this.#keys.map((key) => (unused.has(key.kid) ? { ...key, retired } : key)));
    }
    await this.#destroy(facts);
  }

  async #destroy(facts: IngestKeyFacts): Promise<void> {
    const { now } = facts;
    const { destroy, overdue } = retireIngestKeys({
      keys: this.#keys.map((key) => ({
        id: key.kid,
        createdAt: new Date(key.createdAt),
        ...(key.retired && { rotatedAt: key.retired }),
      })),
      positions: await facts.positions(),
      now,
    });
    if (destroy.length > 0) await this.#save(this.#keys.filter((key) => !destroy.includes(key.kid)));
    if (overdue.length > 0)
      this.#log.error({ keys: overdue.length }, "ingest keys are old and still needed: archiving is behind");
  }

  #newest(): IngestKey {
    return this.#keys.at(-1) as IngestKey;
  }

  async #save(keys: readonly IngestKey[]): Promise<void> {
    await this.#store.save(keys);
    this.#keys = keys;
  }
}
