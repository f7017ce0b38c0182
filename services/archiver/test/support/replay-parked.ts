import { type ParkedEvent, parkedEvent, TOPICS } from "@daybook/contract";
import { decryptWithKey, type KeyHolder } from "@daybook/openpgp";
import type { PayloadSealer, StreamProducer, StreamReader } from "@daybook/stream";

const BATCH = { maxMessages: 100, maxBytes: 16 * 1024 * 1024 };

/**
 * Puts parked events back where they came from, as the records service does.
 *
 * @param options.from offset of `daybook.parked` to start at
 * @param options.wanted which to put back; all unless given
 * @returns how many were put back, and the offset up to which `daybook.parked` was read
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
  const { first, next: end } = await stream.range(TOPICS.parked, 0);
  let next = Math.max(options.from, first);
  let replayed = 0;
  if (next >= end) return { replayed, next };
  for await (const batch of stream.read(TOPICS.parked, 0, next, BATCH, signal)) {
    for (const message of batch) {
      const text = (await decryptWithKey(message.payload, holder)).toString();
      const parked = parkedEvent.parse(JSON.parse(text));
      if (wanted(parked)) {
        const { topic, partition } = parked.from;
        const payload = Buffer.from(parked.payload, "base64");
        const again =
          parked.reason === "undecryptable" ? payload : await sealer.seal(payload, `${topic}/${partition}`);
        await producer.send(topic, partition, [again]);
        replayed += 1;
      }
      next = message.offset + 1;
      if (next >= end) return { replayed, next };
    }
  }
  return { replayed, next };
}
