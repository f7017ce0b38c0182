import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { type FileKey, ValueCipher } from "./value-cipher.ts";

const SALT_BYTES = 32;
const CHECK = "this file's key";

/** The table in which a file keeps its salt and its check. */
export const META_SCHEMA = "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";

/** Of a file that is just made: writes its salt, and a word by which a wrong key shows. */
export function newCipher(db: DatabaseSync, of: FileKey): ValueCipher {
  const salt = randomBytes(SALT_BYTES);
  const cipher = new ValueCipher(of, salt);
  const put = db.prepare("INSERT INTO meta VALUES (?, ?)");
  put.run("salt", salt);
  put.run("check", cipher.seal(Buffer.from(CHECK), "check"));
  return cipher;
}

/** @throws the system's error for another key or label, or where it is no such file */
export function openCipher(db: DatabaseSync, of: FileKey): ValueCipher {
  const [salt, check] = [readMeta(db, "salt"), readMeta(db, "check")];
  if (!salt || !check) throw new TypeError("no salt, or no check");
  const cipher = new ValueCipher(of, salt);
  cipher.open(check, "check");
  return cipher;
}

export function readMeta(db: DatabaseSync, name: string): Uint8Array | undefined {
  return db.prepare("SELECT value FROM meta WHERE name = ?").get(name)?.value as Uint8Array | undefined;
}
