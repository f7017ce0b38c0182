import { TOPICS } from "@daybook/contract";
import { decryptWithKey, encryptToKeys, type KeyHolder, type Recipient } from "@daybook/openpgp";
import type { PayloadSealer, StreamProducer, StreamReader } from "@daybook/stream";
import { z } from "zod";
import { type Poison, payloadContext } from "./decode.ts";
import { ArchiverError } from "./error.ts";

const PARKED_PARTITION = 0;
const REPLAY_BATCH = { maxMessages: 100, maxBytes: 16 * 1024 * 1024 };

/** What `daybook.parked` holds, each sealed to the archive key as an ordinary OpenPGP message. */
export const parkedEvent = z.strictObject({
  v: z.literal(1),
  reason: z.enum(["undecryptable", "malformed"]),
  /** When it was parked. */
  at: z.iso.datetime({ precision: 3 }),
  /** Where it lay. One event may be parked twice: this tells. */
  from: z.strictObject({
    stream: z.string().max(128),
    topic: z.string().max(128),
    partition: z.int().nonnegative(),
    offset: z.int().nonnegative(),
  }),
  /** Base64: the stream's own bytes when undecryptable, else what they decrypted to. */
  payload: z.base64(),
});
export type ParkedEvent = z.infer<typeof parkedEvent>;

/** Parks messages that cannot be archived. Durable once resolved; may be repeated. */
export async function park(
  poison: readonly Poison[],
  from: {
    producer: StreamProducer;
    recipients: () => readonly Recipient[];
    stream: { id: string };
    topic: string;
    partition: number;
    now: () => Date;
  },
): Promise<void> {
  const sealed: Uint8Array[] = [];
  for (const { offset, reason, payload } of poison) {
    const parked: ParkedEvent = {
      v: 1,
      reason,
      at: from.now().toISOString(),
      from: { stream: from.stream.id, topic: from.topic, partition: from.partition, offset },
      payload: Buffer.from(payload).toString("base64"),
    };
    sealed.push(await encryptToKeys(Buffer.from(JSON.stringify(parked)), from.recipients()));
  }
  await from.producer.send(TOPICS.parked, PARKED_PARTITION, sealed);
}

/**
 * Puts parked events back where they came from, to be tried again: what still cannot be archived is parked
 * anew. Runs where the archive's private key is. Repeating it is harmless, as redelivery is.
 *
 * @param options.from offset of `daybook.parked` to start at
 * @param options.wanted which to put back; all unless given
 * @returns how many were put back, and the offset up to which `daybook.parked` was read
 * @throws {ArchiveError} `undecryptable`: parked under an archive key that is not here
 */
export async function replayParked(options: {
  readonly stream: StreamReader;
  readonly producer: StreamProducer;
  readonly sealer: PayloadSealer;
  /** With every archive key that something may still be parked under. */
  readonly holder: KeyHolder;
  readonly from: number;
  readonly wanted?: (parked: ParkedEvent) => boolean;
  readonly signal: AbortSignal;
}): Promise<{ replayed: number; next: number }> {
  const { stream, producer, sealer, holder, wanted = () => true, signal } = options;
  const { first, next: end } = await stream.range(TOPICS.parked, PARKED_PARTITION);
  let next = Math.max(options.from, first);
  let replayed = 0;
  if (next >= end) return { replayed, next };
  for await (const batch of stream.read(TOPICS.parked, PARKED_PARTITION, next, REPLAY_BATCH, signal)) {
    for (const message of batch) {
      const parked = await openParked(message.payload, holder);
      if (wanted(parked)) {
        const { topic, partition } = parked.from;
        const payload = Buffer.from(parked.payload, "base64");
        const again =
          parked.reason === "undecryptable"
            ? payload
            : await sealer.seal(payload, payloadContext(topic, partition));
        await producer.send(topic, partition, [again]);
        replayed += 1;
      }
      next = message.offset + 1;
      if (next >= end) return { replayed, next };
    }
  }
  return { replayed, next };
}

/** @throws {ArchiveError} `undecryptable`; {ArchiverError} `misconfigured` when it is no parked event */
async function openParked(payload: Uint8Array, holder: KeyHolder): Promise<ParkedEvent> {
  const text = (await decryptWithKey(payload, holder)).toString();
  try {
    return parkedEvent.parse(JSON.parse(text));
  } catch {
    throw new ArchiverError("misconfigured", "daybook.parked holds something that this version did not park");
  }
}
