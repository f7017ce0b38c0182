import { type Admin, Partitioners, type Producer } from "kafkajs";
import { MAX_PAYLOAD_BYTES } from "../file/frame.ts";
import { StreamError, type StreamMessage } from "../port.ts";
import { assertHistory, historyOf, replaced } from "./history.ts";
import { clientOf, type Line, openLine } from "./internals.ts";
import { Lane } from "./lane.ts";
import { type Metadata, metadataOf } from "./metadata.ts";
import type { KafkaStream } from "./open.ts";
import { type KafkaStreamOptions, type KafkaStreamSettings, settingsOf } from "./options.ts";
import { persist } from "./patience.ts";
import { type Limits, readPartition } from "./reader.ts";
import { assertTopics, configsOf } from "./topic-check.ts";

/** Of a stream that is open. */
const OPENED = { wasLetIn: true };

/** As `openKafkaStream`. */
export async function connectKafkaStream(options: KafkaStreamOptions): Promise<KafkaStream> {
  const settings = settingsOf(options);
  const client = clientOf(settings);
  const admin = client.admin();
  const producer = client.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  try {
    const { metadata, configs } = await persist("describe its topics", settings.patienceMs, async () => {
      await admin.connect();
      const metadata = await describeTopics(settings);
      const there = metadata.topics.filter(({ id }) => id !== undefined);
      return {
        metadata,
        configs: await configsOf(
          admin,
          there.map(({ name }) => name),
        ),
      };
    });
    assertTopics(metadata, configs, settings);
    await persist("let a producer in", settings.patienceMs, () => producer.connect());
    return new OpenKafkaStream(settings, { admin, producer }, historyOf(metadata));
  } catch (error) {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
    throw error;
  }
}

async function describeTopics(settings: KafkaStreamSettings): Promise<Metadata> {
  const line = openLine(settings);
  try {
    return await metadataOf(await line.controller(), Object.keys(settings.partitions));
  } finally {
    await line.close();
  }
}

class OpenKafkaStream implements KafkaStream {
  readonly id: string;
  readonly #settings: KafkaStreamSettings;
  readonly #clients: { readonly admin: Admin; readonly producer: Producer };
  readonly #lanes = new Map<string, Lane>();
  readonly #ending = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(settings: KafkaStreamSettings, clients: { admin: Admin; producer: Producer }, id: string) {
    this.id = id;
    this.#settings = settings;
    this.#clients = clients;
    for (const [topic, count] of Object.entries(settings.partitions)) {
      for (let partition = 0; partition < count; partition += 1) {
        const deliver = (payloads: readonly Uint8Array[]) => this.#deliver(topic, partition, payloads);
        this.#lanes.set(`${topic}/${partition}`, new Lane(deliver, settings.queueBytes));
      }
    }
  }

  async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    const lane = this.#lane(topic, partition);
    for (const { length } of payloads) {
      if (length === 0 || length > MAX_PAYLOAD_BYTES) {
        throw new RangeError(`a payload has 1 to ${MAX_PAYLOAD_BYTES} bytes, not ${length}`);
      }
    }
    return payloads.length === 0 ? (await this.range(topic, partition)).next : lane.send(payloads);
  }

  async confirm(): Promise<void> {
    if (this.#closing) throw closed();
    const { admin } = this.#clients;
    const clusterId = await persist(
      "name its cluster",
      this.#settings.patienceMs,
      async () => {
        await admin.connect();
        return (await admin.describeCluster()).clusterId;
      },
      OPENED,
    );
    if (!this.id.startsWith(`kafka:${clusterId}:`)) throw replaced();
  }

  async range(topic: string, partition: number): Promise<{ first: number; next: number }> {
    this.#lane(topic, partition);
    if (this.#closing) throw closed();
    const { admin } = this.#clients;
    const all = await persist(
      `say the range of ${topic}`,
      this.#settings.patienceMs,
      async () => {
        await admin.connect();
        return admin.fetchTopicOffsets(topic);
      },
      OPENED,
    );
    const found = all.find((one) => one.partition === partition);
    if (!found)
      throw new StreamError("unavailable", `${topic} has lost partition ${partition}: open it again`);
    return { first: Number(found.low), next: Number(found.high) };
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    limits: Limits,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StreamMessage[]> {
    this.#lane(topic, partition);
    const stop = AbortSignal.any([signal, this.#ending.signal]);
    const check = (line: Line) => assertHistory(line, this.id, Object.keys(this.#settings.partitions));
    yield* readPartition({ ...this.#settings, check }, { topic, partition }, from, limits, stop);
    if (!signal.aborted) throw closed();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
    const { admin, producer } = this.#clients;
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
  }

  /**
   * Not idempotent, on purpose: after a batch that was given up, kafkajs gives its sequence numbers to the next, which
   * Kafka then takes for the same and does not write. A batch that was kept and is repeated is there twice instead.
   */
  #deliver(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    const { patienceMs, requestTimeoutMs } = this.#settings;
    const messages = payloads.map((payload) => ({
      partition,
      value: Buffer.from(payload.buffer, payload.byteOffset, payload.length),
    }));
    const { producer } = this.#clients;
    return persist(
      `take what is sent to ${topic}/${partition}`,
      patienceMs,
      async () => {
        const [answer] = await producer.send({ topic, messages, acks: -1, timeout: requestTimeoutMs });
        if (answer?.baseOffset === undefined) throw new Error("Kafka acknowledged without an offset");
        return Number(answer.baseOffset);
      },
      OPENED,
    );
  }

  #lane(topic: string, partition: number): Lane {
    const lane = this.#lanes.get(`${topic}/${partition}`);
    if (!lane) throw new RangeError(`the stream has no partition ${partition} of ${topic}`);
    return lane;
  }
}

function closed(): StreamError {
  return new StreamError("closed", "the stream is closed");
}
