import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { KafkaSecureAccess } from "@daybook/lab";
import type { S3Connection } from "@daybook/s3";
import type { PlainTopic } from "./load.ts";

/** What the bare consumer is told. */
export interface SinkOptions {
  readonly kafka: KafkaSecureAccess;
  readonly store: Pick<S3Connection, "endpoint" | "region" | "credentials" | "ca">;
  readonly topic: PlainTopic;
  readonly bucket: string;
  /** Records an object. */
  readonly size: number;
  /** Partitions it works on at a time. */
  readonly concurrency: number;
}

/** The bare consumer, in a process of its own, which begins to read at once. */
export class PlainPeer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  readonly #topic: PlainTopic;
  #stored = 0;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(options: SinkOptions) {
    this.#topic = options.topic;
    this.#child = spawn(process.execPath, [join(import.meta.dirname, "plain-sink.ts")], {
      env: { PATH: process.env.PATH, BENCH_SINK: JSON.stringify(options) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#ended = once(this.#child, "exit").then(() => {
      throw new Error("the bare consumer ended by itself");
    });
    this.#ended.catch(() => undefined);
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.#stored = Number(line);
      if (this.#waiting && this.#stored >= this.#waiting.count) this.#waiting.resolve();
    });
  }

  /** Which topic it reads. */
  get topic(): PlainTopic {
    return this.#topic;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once it has put so many records since it was started. @throws {Error} when it ends before */
  async stored(count: number): Promise<void> {
    if (this.#stored >= count) return;
    const reached = new Promise<void>((resolve) => (this.#waiting = { count, resolve }));
    await Promise.race([reached, this.#ended]);
  }

  async stop(): Promise<void> {
    const ended = this.#ended.catch(() => undefined);
    this.#child.kill("SIGKILL");
    await ended;
  }
}
