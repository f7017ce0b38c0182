import type { StreamProducer, StreamReader } from "../port.ts";
import type { KafkaStreamOptions } from "./options.ts";

/** A stream on Kafka. Its offsets may have holes. */
export interface KafkaStream extends StreamProducer, StreamReader {
  /** Sends what was taken, ends every read, and lets the connections go. May be repeated. */
  close(): Promise<void>;
}

/**
 * Opens topics that exist, on a cluster that answers.
 *
 * @throws {KafkaTopicsError} when a topic is missing or would lose messages: all faults at once
 * @throws {StreamError} `unavailable` when no broker answers in time, or none lets this client in
 */
export async function openKafkaStream(options: KafkaStreamOptions): Promise<KafkaStream> {
  // Loaded when it is wanted: a process on the file stream would wait for kafkajs at each start.
  const { connectKafkaStream } = await import("./kafka-stream.ts");
  return connectKafkaStream(options);
}
