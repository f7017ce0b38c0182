import type { Disk } from "../src/file/disk.ts";
import type { StreamMessage, StreamProducer, StreamReader } from "../src/port.ts";
import { openSpool, type Spool, type SpoolOptions } from "../src/spool/spool.ts";

type Stream = StreamProducer & StreamReader & { close(): Promise<void> };

/** Pauses that suit tests, ms. */
export const QUICK = { firstMs: 5, lastMs: 20 };

/**
 * A stream as those see it who send through a spool and read what is behind it. Closing it closes both.
 *
 * @returns `send` answers with the place downstream
 */
export async function throughSpool(
  downstream: Stream,
  options: Omit<SpoolOptions, "downstream" | "maxBytes">,
  disk?: Disk,
): Promise<Stream> {
  const spool = await openSpool({ maxBytes: 100_000_000, pauses: QUICK, downstream, ...options }, disk);
  return {
    id: downstream.id,
    range: (topic, partition) => downstream.range(topic, partition),
    read: (...args) => downstream.read(...args),
    async send(topic, partition, payloads) {
      const first = await spool.send(topic, partition, payloads);
      return (await spool.forwarded(topic, partition, first + payloads.length)) - payloads.length;
    },
    async close() {
      await spool.close();
      await downstream.close();
    },
  };
}

/** Resolves when everything that the spool took is downstream. */
export async function drained(spool: Spool): Promise<void> {
  for (const { topic, partition, unsentEvents } of spool.status()) {
    if (unsentEvents === 0) continue;
    const next = await spool.send(topic, partition, []);
    await spool.forwarded(topic, partition, next);
  }
}

/** Everything that a stream keeps of a partition now, as text. */
export async function contents(
  stream: StreamReader,
  topic: string,
  partition = 0,
): Promise<{ offset: number; text: string }[]> {
  const { first, next } = await stream.range(topic, partition);
  const messages: StreamMessage[] = [];
  if (first === next) return [];
  const limits = { maxMessages: 1_000, maxBytes: 1024 * 1024 };
  for await (const batch of stream.read(topic, partition, first, limits, new AbortController().signal)) {
    messages.push(...batch.map(({ offset, payload }) => ({ offset, payload: Buffer.from(payload) })));
    if ((messages.at(-1)?.offset ?? -1) >= next - 1) break;
  }
  return messages.map(({ offset, payload }) => ({ offset, text: Buffer.from(payload).toString() }));
}
