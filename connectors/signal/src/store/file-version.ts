import type { DatabaseSync } from "node:sqlite";
import { newCipher, openCipher, readMeta, type ValueCipher } from "@daybook/keeping";
import { SignalError } from "../error.ts";

const VERSION = "1";
const LABEL = "daybook signal account file v1";

/** Of a file that is just made: its version, and what its key is made of. */
export function newFile(db: DatabaseSync, key: Uint8Array): ValueCipher {
  db.prepare("INSERT INTO meta VALUES ('version', ?)").run(Buffer.from(VERSION));
  return newCipher(db, { key, label: LABEL });
}

/** @throws {SignalError} `account-unreadable` for another version; the system's error for another key */
export function openFile(db: DatabaseSync, key: Uint8Array): ValueCipher {
  const version = readMeta(db, "version");
  if (!version || Buffer.from(version).toString() !== VERSION)
    throw new SignalError("account-unreadable", "an account's file is of another version");
  return openCipher(db, { key, label: LABEL });
}
