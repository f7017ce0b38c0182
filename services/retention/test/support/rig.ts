import { hash, randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { checkpointSigner, type Draft, ShardLog } from "@daybook/archive-core";
import { type MemoryStores, memoryStores } from "@daybook/archive-core/testing";
import { createLogger } from "@daybook/runtime";
import { retainOnce, type RetentionOptions } from "../../src/index.ts";

export const DAY_MS = 86_400_000;
export const SHARD = "0";
export const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));
const never = new AbortController().signal;
/** Of the n-th attachment. */
export const digestOf = (n: number) => hash("sha256", `attachment ${n}`);

/** A deployment of one shard under a clock that the test moves. */
export class Rig {
  now = new Date("2026-03-04T15:04:05.000Z");
  readonly stores: MemoryStores = memoryStores({ now: () => this.now, keyringCopy: true });
  readonly disposed: { shard: string; index: number }[] = [];
  readonly held = new Set<string>();
  readonly claimed = new Map<string, boolean>();
  archivedCalls = 0;
  factsFail = false;
  readonly logged = new PassThrough();
  readonly #log = createLogger("retention", "debug", { stream: this.logged });

  options(more: Partial<RetentionOptions> = {}): RetentionOptions {
    const { records, heads, keyring, keyringCopy } = this.stores;
    const { disposed, held, claimed } = this;
    const fail = () => {
      if (this.factsFail) throw new Error("the records service is down");
    };
    return {
      shards: [{ shard: SHARD, vkey: signer.vkey }],
      objects: records,
      heads,
      extender: records,
      expirer: records,
      sweeper: { heads, keyrings: [keyring, keyringCopy!] },
      snapshots: { keyring: keyringCopy!, writer: records, days: 34 },
      facts: {
        disposed: async function* () {
          fail();
          yield* disposed;
        },
        heldSegments: async function* () {
          fail();
          yield* held;
        },
        claimed: async function* () {
          fail();
          for (const [sealed, held] of claimed) yield { sealed, held };
        },
        archived: async () => {
          this.archivedCalls += 1;
        },
      },
      lockDays: 400,
      extendBelowDays: 220,
      minLockDays: 200,
      graceDays: 30,
      namesInMemory: 2,
      log: this.#log,
      now: () => this.now,
      ...more,
    };
  }

  pass(more: Partial<RetentionOptions> = {}) {
    return retainOnce(this.options(more), never);
  }

  async days(count: number): Promise<void> {
    this.now = new Date(this.now.getTime() + count * DAY_MS);
  }

  open(): Promise<ShardLog> {
    return ShardLog.open({ shard: SHARD, signer, stores: this.stores, lockDays: 400, now: () => this.now });
  }

  /** Commits segments of so many records each. */
  async commit(...counts: number[]): Promise<Draft[]> {
    const log = await this.open();
    const drafts: Draft[] = [];
    for (const count of counts) {
      const draft = log.draft(
        Array.from({ length: count }, () => ({
          id: randomBytes(16).toString("hex"),
          rec: randomBytes(32).toString("hex"),
          packet: randomBytes(30),
        })),
      );
      await log.commit(draft, Buffer.from(`keys of ${draft.seg}`), {
        id: "s",
        partition: 0,
        offset: draft.size,
      });
      drafts.push(draft);
    }
    return drafts;
  }

  async attach(n: number, days = 30): Promise<string> {
    const key = `attachment/${digestOf(n)}`;
    await this.stores.records.put({
      key,
      body: Buffer.from(`attachment ${n}`),
      retainUntil: new Date(this.now.getTime() + days * DAY_MS),
    });
    return key;
  }

  dispose(from: number, to: number): void {
    for (let index = from; index < to; index += 1) this.disposed.push({ shard: SHARD, index });
  }

  lockDaysOf(key: string): number | undefined {
    const object = this.stores.records.objects.get(key);
    return object && (object.retainUntil.getTime() - this.now.getTime()) / DAY_MS;
  }

  has(key: string): boolean {
    return this.stores.records.objects.has(key);
  }
}
