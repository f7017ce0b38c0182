import { join } from "node:path";
import type { Disk } from "../file/disk.ts";
import { readJson, writeJson } from "../file/small-file.ts";

const FILE = "forwarded.json";
const INTERVAL_MS = 1_000;

/** Where a partition was. */
export interface Position {
  /** Everything below it is downstream. */
  readonly offset: number;
  /** Nothing from there on came earlier, ms since 1970. */
  readonly since: number;
}

/**
 * Remembers on the disk what the downstream has acknowledged, by topic and partition. It may lag behind, or be lost:
 * then some messages are forwarded twice, in the same order.
 */
export class PositionFile {
  readonly #path: string;
  readonly #stream: string;
  readonly #disk: Disk;
  readonly #now: () => ReadonlyMap<string, Position>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param now asked for what to write, when it is written */
  constructor(dir: string, stream: string, disk: Disk, now: () => ReadonlyMap<string, Position>) {
    this.#path = join(dir, FILE);
    this.#stream = stream;
    this.#disk = disk;
    this.#now = now;
  }

  /** Has it written within a second. */
  touch(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, INTERVAL_MS).unref();
  }

  /** Writes it a last time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#writing = this.#writing.then(async () => {
      const positions = Object.fromEntries(this.#now());
      // A full disk, say: the older file stands, and the next change tries again.
      await writeJson(this.#path, { v: 1, stream: this.#stream, positions }, this.#disk).catch(
        () => undefined,
      );
    });
  }
}

/** What was written last about this stream; empty where there is nothing, or it cannot be read. */
export async function readPositions(dir: string, stream: string): Promise<ReadonlyMap<string, Position>> {
  const kept = await readJson(join(dir, FILE));
  const positions: unknown = kept?.["v"] === 1 && kept["stream"] === stream ? kept["positions"] : undefined;
  if (typeof positions !== "object" || positions === null) return new Map();
  return new Map(
    Object.entries(positions).filter((entry): entry is [string, Position] => isPosition(entry[1])),
  );
}

function isPosition(value: unknown): value is Position {
  if (typeof value !== "object" || value === null) return false;
  const { offset, since } = value as Partial<Position>;
  return Number.isSafeInteger(offset) && Number(offset) >= 0 && Number.isSafeInteger(since);
}
