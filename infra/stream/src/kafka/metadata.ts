import { askBroker, type Broker } from "./internals.ts";

/** What the cluster says of itself and of topics. kafkajs asks in words too old to hear a topic's id. */
export interface Metadata {
  readonly clusterId: string;
  readonly topics: readonly TopicMetadata[];
}

/** `id` differs for a topic that was deleted and made again under its name; undefined where there is none. */
export interface TopicMetadata {
  readonly name: string;
  readonly id: string | undefined;
  /** Replicas of each partition. */
  readonly replicas: readonly number[];
}

const METADATA = { apiKey: 3, apiVersion: 12, apiName: "Metadata" };
const UUID_BYTES = 16;

/** @see https://kafka.apache.org/protocol#The_Messages_Metadata, version 12 */
export async function metadataOf(broker: Broker, topics: readonly string[]): Promise<Metadata> {
  const names = topics.map((topic) => {
    const name = Buffer.from(topic);
    return Buffer.concat([Buffer.alloc(UUID_BYTES), uvarint(name.length + 1), name, NO_TAGS]);
  });
  const body = Buffer.concat([
    NO_TAGS, // the end of the flexible request head, which kafkajs does not write
    uvarint(names.length + 1),
    ...names,
    Buffer.of(0, 0), // makes no topic, asks for no rights
    NO_TAGS,
  ]);
  const reader = new Reader(await askBroker(broker, { ...METADATA, body }));
  reader.tags();
  reader.int32(); // throttle time
  reader.array(() => {
    reader.int32();
    reader.string();
    reader.int32();
    reader.string();
    reader.tags();
  });
  const clusterId = reader.string();
  reader.int32(); // controller
  const found = reader.array(() => topicOf(reader));
  return { clusterId, topics: found };
}

function topicOf(reader: Reader): TopicMetadata {
  const errorCode = reader.int16();
  const name = reader.string();
  const id = reader.take(UUID_BYTES).toString("hex");
  reader.take(1); // internal
  const replicas = reader.array(() => {
    reader.int16(); // error
    reader.int32(); // partition
    reader.int32(); // leader
    reader.int32(); // leader epoch
    const { length } = reader.array(() => reader.int32());
    for (const _ of ["in sync", "offline"]) reader.array(() => reader.int32());
    reader.tags();
    return length;
  });
  reader.int32(); // rights
  reader.tags();
  return { name, id: errorCode === 0 ? id : undefined, replicas };
}

const NO_TAGS = Buffer.of(0);

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Reads the compact forms of Kafka's flexible versions. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error("a broker's answer ends too early");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  int16(): number {
    return this.take(2).readInt16BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.take(1).readUInt8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Empty for null. */
  string(): string {
    return this.take(Math.max(0, this.uvarint() - 1)).toString();
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.uvarint() - 1) }, item);
  }

  tags(): void {
    for (let count = this.uvarint(); count > 0; count -= 1) {
      this.uvarint();
      this.take(this.uvarint());
    }
  }
}
