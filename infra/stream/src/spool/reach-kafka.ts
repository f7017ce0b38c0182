import { openKafkaStream } from "../kafka/open.ts";
import type { KafkaStreamOptions } from "../kafka/options.ts";
import { isFinal } from "../kafka/patience.ts";
import { StreamError } from "../port.ts";
import type { Downstream } from "./spool.ts";

/** How long an attempt may take where the options do not say, ms: the spool repeats them. */
const PATIENCE_MS = 5_000;

/** Kafka as a spool forwards to it. */
export interface ReachedKafka extends Downstream {
  /** Whether it has been opened: its topics are sound, and it let this client in. */
  readonly isOpen: boolean;
  /** As `KafkaStream.close`. May be repeated. */
  close(): Promise<void>;
}

/**
 * Opens the stream on Kafka, or, where no broker answers, opens it when it is used: whoever stands before a spool
 * starts and captures while Kafka is away.
 *
 * @param options `patienceMs` is 5 s if not given
 * @throws {KafkaTopicsError} when Kafka answers and its topics would lose messages. Found later, each send throws it
 * @throws {StreamError} `unavailable` when Kafka answers and does not let this client in
 */
export async function reachKafka(options: KafkaStreamOptions): Promise<ReachedKafka> {
  const open = () => openKafkaStream({ patienceMs: PATIENCE_MS, ...options });
  let opening: ReturnType<typeof openKafkaStream> | undefined = open();
  let isOpen = true;
  let isClosed = false;
  try {
    await opening;
  } catch (error) {
    if (!(error instanceof StreamError) || isFinal(error.cause)) throw error;
    opening = undefined;
    isOpen = false;
  }

  const opened = async () => {
    if (isClosed) throw new StreamError("closed", "the stream is closed");
    opening ??= open().then(
      (stream) => {
        isOpen = true;
        return stream;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  return {
    get isOpen() {
      return isOpen;
    },
    send: async (topic, partition, payloads) => (await opened()).send(topic, partition, payloads),
    range: async (topic, partition) => (await opened()).range(topic, partition),
    async close() {
      isClosed = true;
      const stream = await opening?.catch(() => undefined);
      await stream?.close();
    },
  };
}
