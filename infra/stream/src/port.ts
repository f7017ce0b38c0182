/** One message as the stream holds it. */
export interface StreamMessage {
  /** Position in its partition, from 0, without holes in the file stream (Kafka may have some). */
  readonly offset: number;
  readonly payload: Uint8Array;
}

export interface StreamProducer {
  /**
   * Appends payloads, in order. Resolves once all are durable (fdatasync, or acks=all). Concurrent calls
   * are grouped into one flush.
   *
   * @returns offset of the first payload; the others follow it without a hole in the file stream
   * @throws {StreamError} `unavailable` (retryable: some or all may be kept), `full` (retryable: nothing of
   *   this call is kept), `closed`
   */
  send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number>;
}

export interface StreamReader {
  /** Identifies the stream's history: offsets mean something only beside it. Stable until the data is lost. */
  readonly id: string;

  /**
   * Looks whether it is still the stream that `id` names, where another can come into its place while it is open.
   *
   * @throws {StreamError} `replaced` when it is not
   */
  confirm?(): Promise<void>;

  /** `first`: offset of the oldest message kept; `next`: offset that the next append will get. */
  range(topic: string, partition: number): Promise<{ first: number; next: number }>;

  /**
   * Batches from `from` on, in order; waits for more at the end; returns when `signal` aborts.
   *
   * @param limits a batch holds at most `maxMessages` and, beyond its first message, `maxBytes`
   * @throws {StreamError} `out-of-range` when `from` is older than what is kept or lies in the future; `replaced` when
   *   the data is lost and another stream answers: open it again
   */
  read(
    topic: string,
    partition: number,
    from: number,
    limits: { maxMessages: number; maxBytes: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly StreamMessage[]>;
}

/** Lets go of what every reader is past. Kafka does this by its own retention. */
export interface StreamTrimmer {
  /** Frees messages below `before`, in whole files, as far as possible. */
  trim(topic: string, partition: number, before: number): Promise<void>;
}

export type StreamErrorCode =
  "unavailable" | "full" | "closed" | "out-of-range" | "replaced" | "corrupt" | "undecryptable";

const RETRYABLE: ReadonlySet<StreamErrorCode> = new Set(["unavailable", "full"]);

/** Every error of this package. Switch on `code`. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
