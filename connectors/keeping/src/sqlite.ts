import type { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/**
 * Locks the file for as long as it is open, makes each COMMIT durable, leaves nothing of what was deleted, and begins a
 * transaction. The lock goes with the process.
 *
 * @throws the system's error: `isBusy` where another process has the file
 */
export function beginLocked(db: DatabaseSync): void {
  db.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    BEGIN IMMEDIATE;
  `);
}

/** Another process has the file. */
export function isBusy(error: unknown): boolean {
  return errcode(error) === SQLITE_BUSY;
}

/** There is no room on the disk. */
export function isFull(error: unknown): boolean {
  return errcode(error) === SQLITE_FULL;
}

/** SQLite's primary code: of an extended one, the low byte (sqlite.org/rescode.html). */
function errcode(error: unknown): number | undefined {
  const code = typeof error === "object" && error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}
