import { fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";

export interface FileSinkOptions {
  /** What is written of an event; nothing of one for which it is undefined. */
  readonly line?: (one: Captured) => string | undefined;
  /** Called before anything of a batch is durable: a process may kill itself here. */
  readonly before?: (events: readonly Captured[]) => void;
  /** Called when all of it is, and whoever captures does not know yet. */
  readonly after?: (events: readonly Captured[]) => void;
}

/** The sink of a process that is killed: what it is handed goes to the end of a file, a line each, durable before it is captured. */
export class FileSink extends RecordingSink {
  readonly #file: number;
  readonly #options: FileSinkOptions;

  constructor(path: string, options: FileSinkOptions = {}) {
    super();
    this.#file = openSync(path, "a+");
    const last = Buffer.alloc(1);
    readSync(this.#file, last, 0, 1, Math.max(0, fstatSync(this.#file).size - 1));
    // A kill can cut a line off: what follows is no part of it.
    if (last[0] !== 0 && last.toString() !== "\n") writeSync(this.#file, "\n");
    this.#options = options;
  }

  override async capture(events: readonly Captured[]): Promise<void> {
    const { line = lineOf, before, after } = this.#options;
    before?.(events);
    const lines = events.map(line).filter((said) => said !== undefined);
    writeSync(this.#file, lines.map((said) => `${said}\n`).join(""));
    fsyncSync(this.#file);
    after?.(events);
    return Promise.resolve();
  }
}

/** Whether an event of a batch is none of our own making. */
export function isHeard(events: readonly Captured[]): boolean {
  return events.some(({ event }) => event.kind !== "coverage");
}

function lineOf({ eventId, stableDigest, event: { kind, text } }: Captured): string {
  return JSON.stringify([eventId, stableDigest, kind, text]);
}
