import { type ArchiverProgress, retireIngestKeys } from "@daybook/archiver";
import type { Logger } from "@daybook/runtime";
import { generateIngestKey } from "@daybook/stream";
import type { IngestKey, Keys, ServiceKeys } from "./keys.ts";

const WEEK_MS = 7 * 86_400_000;

/** Where the stream ends, per shard: what a new key will not have encrypted. */
export type StreamEnds = () => Promise<readonly { shard: string; stream: string; offset: number }[]>;

/** The ingest keys in use: the newest encrypts, and older ones open until nothing under them is needed. */
export class IngestKeys {
  readonly #keys: Keys;
  readonly #log: Logger;
  #service: ServiceKeys;

  constructor(keys: Keys, log: Logger) {
    this.#keys = keys;
    this.#service = keys.service;
    this.#log = log;
  }

  /** The public key to encrypt to, base64. */
  publicKey(): string {
    return this.#newest().publicKey;
  }

  /** The private key of that id, base64; undefined once it is destroyed. */
  privateKey(kid: string): string | undefined {
    return this.#service.ingest.find((key) => key.kid === kid)?.privateKey;
  }

  /**
   * Makes a new key when the newest is a week old, and destroys those that every shard is past. A key is only
   * used once it is durably kept.
   */
  async turn(now: Date, ends: StreamEnds, progress: ArchiverProgress): Promise<void> {
    if (now.getTime() - Date.parse(this.#newest().createdAt) >= WEEK_MS) {
      await this.#save([...this.#service.ingest, await generateIngestKey()]);
      // Only what was sent before this can be under the older key: the sealer asks for the key at each payload.
      const retired = await ends();
      await this.#save(
        this.#service.ingest.map((key, i, all) =>
          i === all.length - 1 || key.retired ? key : { ...key, retired: [...retired] },
        ),
      );
    }
    const { destroy, overdue } = retireIngestKeys({
      keys: this.#service.ingest.map((key) => ({
        id: key.kid,
        createdAt: new Date(key.createdAt),
        ...(key.retired && { rotatedAt: key.retired }),
        spooled: false,
      })),
      positions: new Map(progress.shards().map(({ shard, position }) => [shard, position])),
      now,
    });
    if (destroy.length > 0)
      await this.#save(this.#service.ingest.filter((key) => !destroy.includes(key.kid)));
    if (overdue.length > 0)
      this.#log.error({ keys: overdue.length }, "ingest keys are old and still needed: archiving is behind");
  }

  #newest(): IngestKey {
    return this.#service.ingest.at(-1) as IngestKey;
  }

  async #save(ingest: IngestKey[]): Promise<void> {
    const changed = { ...this.#service, ingest };
    await this.#keys.save(changed);
    this.#service = changed;
  }
}
