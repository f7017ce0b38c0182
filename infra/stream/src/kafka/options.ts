import type { ConnectionOptions } from "node:tls";

/** How a stream on Kafka is reached, and what it insists on. */
export interface KafkaStreamOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  /** TLS, with the certificates that vouch for the brokers. Left out, nothing on the way is protected. */
  readonly ssl?: ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
  /** Named in the brokers' logs and quotas. */
  readonly clientId?: string;
  /** The topics, and how many partitions each must have. */
  readonly partitions: Readonly<Record<string, number>>;
  /** Topics must keep messages for at least this long, ms. */
  readonly retentionMs: number;
  /** Allows topics of one replica: whoever loses that disk loses what was acknowledged. Otherwise three, two in sync. */
  readonly singleReplica?: boolean;
  /** How long a send, a question or a reader goes on trying without an answer, ms. */
  readonly patienceMs?: number;
  /** How long one request waits for its answer, ms. */
  readonly requestTimeoutMs?: number;
  /** What may wait to be sent to one partition, bytes; a single send may be larger. */
  readonly queueBytes?: number;
}

/** The options, with what was left out. */
export type KafkaStreamSettings = Required<Omit<KafkaStreamOptions, "ssl" | "sasl">> &
  Pick<KafkaStreamOptions, "ssl" | "sasl">;

/** @throws {RangeError} for a topic without partitions, or none at all */
export function settingsOf(options: KafkaStreamOptions): KafkaStreamSettings {
  if (options.brokers.length === 0)
    throw new RangeError("a stream on Kafka needs a broker's address at least");
  for (const [topic, count] of Object.entries(options.partitions)) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${topic} needs a partition at least`);
  }
  return {
    clientId: "daybook",
    singleReplica: false,
    patienceMs: 30_000,
    requestTimeoutMs: 10_000,
    queueBytes: 16 * 1024 * 1024,
    ...options,
  };
}
