import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { SignalError } from "../error.ts";
import { ValueCipher } from "./value-cipher.ts";

const VERSION = "1";
const SALT_BYTES = 32;
const CHECK = "this file's key";

/** Of a file that is just made: its salt, and a word by which a wrong key shows. */
export function newCipher(db: DatabaseSync, key: Uint8Array): ValueCipher {
  const salt = randomBytes(SALT_BYTES);
  const cipher = new ValueCipher(key, salt);
  const put = db.prepare("INSERT INTO meta VALUES (?, ?)");
  put.run("version", Buffer.from(VERSION));
  put.run("salt", salt);
  put.run("check", cipher.seal(Buffer.from(CHECK), "check"));
  return cipher;
}

/** @throws {SignalError} `account-unreadable` for another version or key */
export function openCipher(db: DatabaseSync, key: Uint8Array): ValueCipher {
  const rows = db.prepare("SELECT name, value FROM meta").all() as { name: string; value: Uint8Array }[];
  const meta = new Map(rows.map(({ name, value }) => [name, value]));
  const [version, salt, check] = [meta.get("version"), meta.get("salt"), meta.get("check")];
  if (!version || !salt || !check || Buffer.from(version).toString() !== VERSION)
    throw new SignalError("account-unreadable", "an account's file is of another version");
  const cipher = new ValueCipher(key, salt);
  cipher.open(check, "check");
  return cipher;
}
