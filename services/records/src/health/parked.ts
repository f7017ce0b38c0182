import { randomUUID } from "node:crypto";
import { type ParkedEvent, parkedEvent, TOPICS } from "@daybook/contract";
import { decryptWithKey, type KeyHolder } from "@daybook/openpgp";
import type { PayloadSealer, StreamProducer, StreamReader } from "@daybook/stream";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { AuditTrail } from "../trail.ts";

const PARTITION = 0;
const BATCH = { maxMessages: 100, maxBytes: 16 * 1024 * 1024 };

/** An event that could not be archived, without what it holds. */
export interface Parked {
  /** Among the parked. */
  readonly offset: number;
  /** `unreadable`: parked under a key that is not here, or by another version. */
  readonly reason: ParkedEvent["reason"] | "unreadable";
  readonly at: string | null;
  readonly from: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  /** When it was last put back, and by whom. */
  readonly replayedAt: string | null;
  readonly replayedBy: string | null;
}

export interface ParkedEventsOptions {
  readonly stream: Pick<StreamReader, "id" | "range" | "read">;
  readonly producer: StreamProducer;
  readonly sealer: PayloadSealer;
  readonly holder: KeyHolder;
  readonly database: Database;
  readonly changes: Changes;
  readonly trail: AuditTrail;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** Events that the archiver put aside, sealed to the archive key. They are put back, and never thrown away. */
export class ParkedEvents {
  readonly #options: ParkedEventsOptions;

  constructor(options: ParkedEventsOptions) {
    this.#options = options;
  }

  /** Oldest first. @param from offset of the first; what is older than that the stream has is passed over */
  async list(from: number, limit: number): Promise<{ parked: Parked[]; next: number | null }> {
    const { stream, database } = this.#options;
    const { first, next: end } = await stream.range(TOPICS.parked, PARTITION);
    const start = Math.max(from, first);
    const parked: Omit<Parked, "replayedAt" | "replayedBy">[] = [];
    for await (const { offset, payload } of this.#read(start, Math.min(end, start + limit))) {
      const opened = await this.#open(payload);
      parked.push({
        offset,
        reason: opened?.reason ?? "unreadable",
        at: opened?.at ?? null,
        from: opened
          ? { topic: opened.from.topic, partition: opened.from.partition, offset: opened.from.offset }
          : null,
      });
    }
    const rows = await database.query<{ idx: string; by: string; at: Date }>(
      "SELECT idx, by, at FROM records.replayed WHERE stream = $1 AND idx = ANY ($2::bigint[])",
      [stream.id, parked.map(({ offset }) => offset)],
    );
    const replayed = new Map(rows.map((row) => [Number(row.idx), row]));
    return {
      parked: parked.map((one) => ({
        ...one,
        replayedAt: replayed.get(one.offset)?.at.toISOString() ?? null,
        replayedBy: replayed.get(one.offset)?.by ?? null,
      })),
      next: start + limit < end ? start + limit : null,
    };
  }

  /**
   * Puts events back where they came from, to be tried again: what still cannot be archived is parked anew. That it is
   * about to be done is durable before it is done, and that it was done before this resolves; repeating it is harmless,
   * as redelivery is.
   *
   * @throws {RecordsError} `not-found`, `conflict`: one of them is not there, or cannot be opened here: none is put back
   */
  async replay(offsets: readonly number[], actor: string): Promise<{ replayed: number }> {
    const { stream, producer, sealer, changes, trail } = this.#options;
    const { first, next: end } = await stream.range(TOPICS.parked, PARTITION);
    const wanted = [...new Set(offsets)].sort((a, b) => a - b);
    if (wanted.some((offset) => offset < first || offset >= end))
      throw new RecordsError("not-found", "there is no such parked event");
    const opened: ParkedEvent[] = [];
    for (const offset of wanted) {
      for await (const { payload } of this.#read(offset, offset + 1)) {
        const parked = await this.#open(payload);
        if (!parked)
          throw new RecordsError("conflict", "a parked event cannot be opened with the keys that are here");
        opened.push(parked);
      }
    }
    const detail = { stream: stream.id, offsets: wanted };
    await trail.record({ actor, action: "parked.replay", detail });
    for (const { from, reason, payload } of opened) {
      const bytes = Buffer.from(payload, "base64");
      // What could not be decrypted is as it was on the stream; the rest is sealed again as its connector would.
      const again =
        reason === "undecryptable" ? bytes : await sealer.seal(bytes, `${from.topic}/${from.partition}`);
      await producer.send(from.topic, from.partition, [again]);
    }
    await changes.make(actor, () =>
      Promise.resolve({
        fact: { action: "parked.replayed", detail: { id: randomUUID(), ...detail } },
        result: undefined,
      }),
    );
    return { replayed: opened.length };
  }

  async *#read(from: number, end: number): AsyncGenerator<{ offset: number; payload: Uint8Array }> {
    if (from >= end) return;
    const { stream, signal } = this.#options;
    for await (const batch of stream.read(TOPICS.parked, PARTITION, from, BATCH, signal)) {
      for (const message of batch) {
        if (message.offset >= end) return;
        yield message;
        if (message.offset + 1 >= end) return;
      }
    }
  }

  async #open(payload: Uint8Array): Promise<ParkedEvent | undefined> {
    try {
      const text = (await decryptWithKey(payload, this.#options.holder)).toString();
      return parkedEvent.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }
}
