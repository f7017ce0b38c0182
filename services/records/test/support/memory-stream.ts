import {
  type PayloadOpener,
  type PayloadSealer,
  StreamError,
  type StreamMessage,
  type StreamProducer,
  type StreamReader,
} from "@daybook/stream";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** `lost`: nothing is kept. `kept`: it is, and only the answer is lost. Both throw `unavailable`. */
export type Fault = "lost" | "kept";

/** A stream in memory that works, and fails when told to. */
export class MemoryStream implements StreamProducer, Pick<StreamReader, "id" | "range" | "read"> {
  readonly id = "memory";
  readonly partitions = new Map<string, Uint8Array[]>();
  /** What happens to the coming sends, in order. */
  readonly faults: Fault[] = [];
  /** Runs before each send. */
  before: (() => void | Promise<void>) | undefined;
  /** Runs once each send is durable, before it is answered. */
  after: (() => void | Promise<void>) | undefined;

  messages(topic: string, partition: number): Uint8Array[] {
    const key = `${topic}/${partition}`;
    const found = this.partitions.get(key) ?? [];
    this.partitions.set(key, found);
    return found;
  }

  async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    await this.before?.();
    const messages = this.messages(topic, partition);
    const fault = this.faults.shift();
    if (fault === "lost") throw new StreamError("unavailable", "injected: lost");
    const first = messages.length;
    messages.push(...payloads);
    if (fault === "kept") throw new StreamError("unavailable", "injected: kept");
    await this.after?.();
    return first;
  }

  /** What there is; ends where the real one would wait. */
  async *read(topic: string, partition: number, from: number): AsyncIterable<readonly StreamMessage[]> {
    const messages = this.messages(topic, partition).slice(from);
    yield await Promise.resolve(messages.map((payload, i) => ({ offset: from + i, payload })));
  }

  range(topic: string, partition: number): Promise<{ first: number; next: number }> {
    return Promise.resolve({ first: 0, next: this.messages(topic, partition).length });
  }
}

/** Encrypts payloads for the tests, bound to their place like the real one. */
export function memoryCipher(): PayloadSealer & PayloadOpener {
  const key = randomBytes(32);
  return {
    seal(plaintext, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(context));
      return Promise.resolve(
        Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]),
      );
    },
    open(payload, context) {
      const bytes = Buffer.from(payload);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-16));
      return Promise.resolve(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]));
    },
  };
}
