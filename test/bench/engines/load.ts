import { payloadContext } from "@daybook/archiver";
import { TOPICS } from "@daybook/contract";
import { createPayloadSealer, type KafkaStream } from "@daybook/stream";
import { envelopes } from "../spine/events.ts";

/** What bare consumers are given, each one of its own: the same events as they are. */
export const PLAIN_TOPICS = ["bench.thousands", "bench.alone", "bench.abreast"] as const;
export type PlainTopic = (typeof PLAIN_TOPICS)[number];

/** Events of 1 KiB, by partition: sealed for Daybook, and plain. */
export interface Load {
  readonly count: number;
  readonly sealed: readonly (readonly Uint8Array[])[];
  readonly plain: readonly (readonly Uint8Array[])[];
}

/** Makes events `first` to `first + count - 1`, dealt out to the partitions in turn. */
export async function makeLoad(of: {
  readonly first: number;
  readonly count: number;
  readonly partitions: number;
  readonly publicKey: string;
}): Promise<Load> {
  const { first, count, partitions, publicKey } = of;
  const sealer = createPayloadSealer({ publicKey: () => publicKey });
  const made = envelopes(first, count);
  const plain = Array.from({ length: partitions }, (_, p) => made.filter((_, i) => i % partitions === p));
  const sealed = plain.map((part, p) =>
    Promise.all(part.map((one) => sealer.seal(one, payloadContext(TOPICS.events, p)))),
  );
  return { count, plain, sealed: await Promise.all(sealed) };
}

/** Sends it all. @returns by partition, the offset after the last */
export async function send(
  stream: KafkaStream,
  topic: string,
  parts: readonly (readonly Uint8Array[])[],
): Promise<number[]> {
  return Promise.all(
    parts.map(async (payloads, p) => (await stream.send(topic, p, payloads)) + payloads.length),
  );
}
