import { appendFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { checkpointKey, type Stores } from "@daybook/archive-core";
import type { ApiClient } from "@daybook/runtime";

const EVERY_MS = 1_000;
const PATIENCE_MS = 5_000;

/** Somebody outside who keeps every checkpoint that Daybook shows, through its API and in its bucket. */
export class Watcher {
  readonly #shards: readonly string[];
  readonly #path: string;
  readonly #notes = new Map<string, { shard: string; note: string }>();
  /** How often a checkpoint was answered, by way. */
  readonly seen = { api: 0, bucket: 0 };

  /** @param path a file for what was seen */
  constructor(shards: readonly string[], path: string) {
    this.#shards = shards;
    this.#path = path;
  }

  /** Signed notes, each once. */
  get notes(): readonly { readonly shard: string; readonly note: string }[] {
    return [...this.#notes.values()];
  }

  /** Looks at every archiver's API until `signal` aborts. */
  async askApis(archivers: readonly Pick<ApiClient, "download">[], signal: AbortSignal): Promise<void> {
    await this.#again(signal, async (shard, late) => {
      await Promise.all(
        archivers.map(async (archiver) => {
          const { body } = await archiver.download(`/api/v1/log/${shard}/checkpoint`, { signal: late });
          this.#keep("api", shard, (await buffer(body)).toString());
        }),
      );
    });
  }

  /** Looks at the bucket, past every proxy, until `signal` aborts. */
  async askBucket(heads: Pick<Stores["heads"], "read">, signal: AbortSignal): Promise<void> {
    await this.#again(signal, async (shard) => {
      const stored = await heads.read(checkpointKey(shard));
      if (stored) this.#keep("bucket", shard, Buffer.from(stored.body).toString());
    });
  }

  async #again(
    signal: AbortSignal,
    look: (shard: string, late: AbortSignal) => Promise<void>,
  ): Promise<void> {
    while (!signal.aborted) {
      const late = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      // Who does not answer now is asked again in a second.
      await Promise.allSettled(this.#shards.map((shard) => look(shard, late)));
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #keep(way: keyof Watcher["seen"], shard: string, note: string): void {
    this.seen[way] += 1;
    if (this.#notes.has(note)) return;
    this.#notes.set(note, { shard, note });
    appendFileSync(this.#path, `${JSON.stringify({ shard, way, note })}\n`, { mode: 0o600 });
  }
}
