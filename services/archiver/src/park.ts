import { type ParkedEvent, TOPICS } from "@daybook/contract";
import { encryptToKeys, type Recipient } from "@daybook/openpgp";
import type { StreamProducer } from "@daybook/stream";
import type { Poison } from "./decode.ts";

const PARKED_PARTITION = 0;

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
