import type { KeyObject } from "node:crypto";
import {
  encodeRecord,
  recordId,
  ShardLog,
  type SealedRecord,
  type Stores,
  checkpointSigner,
} from "@daybook/archive-core";
import { record as recordSchema } from "@daybook/archive-core";
import { AUDIT_SHARD, type Envelope, envelope, TOPICS } from "@daybook/contract";
import type { CatalogueWriter, IndexedRecord, RecordIndexer } from "@daybook/catalogue";
import {
  buildKeyBlock,
  type KeyLine,
  newSessionKey,
  parseSessionKey,
  type Recipient,
  sealPacket,
} from "@daybook/openpgp";
import { hash } from "node:crypto";
import type { PayloadOpener } from "@daybook/stream";
import type { Archiver } from "../../src/index.ts";
import type { MemoryStream } from "./memory-stream.ts";

const SEED = Buffer.alloc(32, 5);

export function vkeyOf(deployment: string, shard: string): string {
  return checkpointSigner(`${deployment}/${shard}`, SEED).vkey;
}

export interface SmallArchiverOptions {
  readonly deployment: string;
  readonly stores: Stores;
  readonly stream: MemoryStream;
  readonly opener: PayloadOpener;
  readonly recipients: () => readonly Recipient[];
  readonly namingKey: KeyObject;
  readonly catalogue: CatalogueWriter;
  readonly indexer: RecordIndexer;
  readonly now: () => Date;
  /** Records of one segment at most. */
  readonly segmentRecords?: number;
}

/** Archives what the stream holds when asked to, over the real log, one segment after the other. */
export class SmallArchiver implements Archiver {
  readonly #options: SmallArchiverOptions;
  readonly #logs = new Map<string, Promise<ShardLog>>();
  readonly #ids = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SmallArchiverOptions) {
    this.#options = options;
  }

  archived(shard: string, offset: number): Promise<void> {
    const turn = this.#turn.then(() => this.#archive(shard, offset));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #archive(shard: string, offset: number): Promise<void> {
    const { stores, deployment, now, stream, opener, segmentRecords = 100 } = this.#options;
    const opening =
      this.#logs.get(shard) ??
      ShardLog.open({
        shard,
        stores,
        now,
        lockDays: 400,
        signer: checkpointSigner(`${deployment}/${shard}`, SEED),
      });
    this.#logs.set(shard, opening);
    const log = await opening;
    const [topic, partition] = shard === AUDIT_SHARD ? [TOPICS.audit, 0] : [TOPICS.events, Number(shard)];
    const messages = stream.messages(topic, partition);
    for (let at = log.position?.offset ?? 0; at < offset;) {
      const batch: Envelope[] = [];
      const from = at;
      for (; at < offset && batch.length < segmentRecords; at += 1) {
        const bytes = await opener.open(messages[at] as Uint8Array, `${topic}/${partition}`);
        batch.push(envelope.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))));
      }
      await this.#commit(log, shard, partition, batch, at);
      if (at === from) return;
    }
  }

  async #commit(
    log: ShardLog,
    shard: string,
    partition: number,
    batch: readonly Envelope[],
    next: number,
  ): Promise<void> {
    const { namingKey, recipients, catalogue, indexer, stream } = this.#options;
    const sealed: SealedRecord[] = [];
    const lines: KeyLine[] = [];
    const texts: string[] = [];
    for (const { event, eventId, stableDigest, keys } of batch) {
      const id = recordId(namingKey, {
        network: event.network,
        account: event.account,
        eventId,
        stableDigest,
      });
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      const text = encodeRecord(id, event);
      const key = newSessionKey();
      const index = log.size + sealed.length;
      lines.push(
        { index, key },
        ...keys.map((k, attachment) => ({ index, attachment, key: parseSessionKey(k) })),
      );
      sealed.push({ id, rec: hash("sha256", text), packet: sealPacket(Buffer.from(text), key) });
      texts.push(text);
    }
    const position = { id: stream.id, partition, offset: next };
    if (sealed.length === 0) return;
    const draft = log.draft(sealed);
    await log.commit(draft, await buildKeyBlock(lines, recipients()), position);
    const rows: IndexedRecord[] = texts.map((text, i) =>
      indexer.index(recordSchema.parse(JSON.parse(text)), {
        shard,
        index: draft.first + i,
        segment: { firstIndex: draft.first, digest: draft.seg },
        off: draft.places[i]!.off,
        len: draft.places[i]!.len,
      }),
    );
    await catalogue.write(rows, { shard, from: draft.first, size: draft.size, stream: position });
  }
}
