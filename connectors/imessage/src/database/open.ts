import { DatabaseSync } from "node:sqlite";
import { malformed } from "./malformed.ts";
import { MAX_IMAGE_BYTES, withLog } from "./log.ts";

const MAGIC = Buffer.from("SQLite format 3\u0000");
const WRITE_VERSION = 18;
const READ_VERSION = 19;
const ROLLBACK_JOURNAL = 1;

/** Whether a file begins as a SQLite database does. */
export function isDatabase(head: Uint8Array): boolean {
  return MAGIC.equals(head.subarray(0, MAGIC.length));
}

/**
 * Opens a database that is in memory, with its write-ahead log, so that nothing of it is ever written to a disk in clear.
 * SQLite makes its own copy of the bytes; these are changed, and wanted no more.
 *
 * @param log the bytes of `-wal` beside it: without them the newest messages, or all, are missing
 * @throws {ConnectorError} `malformed`
 */
export function openImage(database: Buffer, log?: Buffer): DatabaseSync {
  if (!isDatabase(database)) throw malformed("it is no SQLite database");
  if (database.length > MAX_IMAGE_BYTES) throw malformed("it is larger than 2 GiB");
  const image = log ? withLog(database, log) : database;
  // In memory there is no log: the file says so from here on.
  image[WRITE_VERSION] = ROLLBACK_JOURNAL;
  image[READ_VERSION] = ROLLBACK_JOURNAL;
  const db = new DatabaseSync(":memory:", { allowExtension: false, defensive: true, readBigInts: true });
  try {
    db.deserialize(image);
    harden(db);
    return db;
  } catch (cause) {
    db.close();
    throw malformed("SQLite finds it damaged", cause);
  }
}

/** Nothing of a database that came from outside may run: no trigger, no view with functions, no change. */
function harden(db: DatabaseSync): void {
  db.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON");
}
