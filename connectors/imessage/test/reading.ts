import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { ChatDb } from "../../../test/fakes/imessage/index.ts";
import { openImage } from "../src/database/open.ts";
import type { Entry } from "../src/reading/entry.ts";
import { Messages } from "../src/reading/messages.ts";
import type { Member } from "../src/supply/files.ts";

/** A file in memory, in small pieces. */
export function member(name: string, bytes: Uint8Array, isLink = false): Member {
  return {
    name,
    sizeBytes: bytes.length,
    isLink,
    async *open() {
      for (let at = 0; at < bytes.length; at += 40_000)
        yield await Promise.resolve(bytes.subarray(at, at + 40_000));
    },
  };
}

/** Every event of a database's bytes. @throws {ConnectorError} */
export function entriesOf(database: Buffer, log?: Buffer): Entry[] {
  const messages = new Messages(openImage(database, log));
  try {
    return [...messages.entries()].flat();
  } finally {
    messages.close();
  }
}

/** The code of the error that a database ends with; undefined for one that can be read. */
export function refusalOf(database: Buffer): unknown {
  try {
    entriesOf(database);
  } catch (error) {
    if (error instanceof ConnectorError) return error.code;
    throw error;
  }
  return undefined;
}

/** Folders of one suite, removed after it. */
export function folders(): () => Promise<string> {
  const made: string[] = [];
  afterAll(() => Promise.all(made.map((dir) => rm(dir, { recursive: true, force: true }))));
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), "daybook-imessage-"));
    made.push(dir);
    return dir;
  };
}

/** What is read of a database that `write` has written. */
export function read(dir: string, write: (db: ChatDb) => void): Entry[] {
  const db = new ChatDb(dir);
  write(db);
  db.close();
  return entriesOf(readFileSync(db.path));
}
