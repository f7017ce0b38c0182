import type { Dirent, Stats } from "node:fs";
import { lstat, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { ConnectorError } from "@daybook/contract";
import { isDatabase } from "../database/open.ts";
import { MAX_IMAGE_BYTES } from "../database/log.ts";
import { malformed } from "../database/malformed.ts";
import { BACKUP_DATABASE, BACKUP_LOG, backupName } from "./files.ts";

/** What is to be sent of a place where messages lie. */
export interface Handed {
  /** A label for all of it. */
  readonly name: string;
  /** Each to be sent as long as it was then: a file that Messages still writes to grows. */
  readonly files: readonly HandedFile[];
  /** Lets Messages move its log into the database again, where that was held up. */
  readonly release: () => void;
}

export interface HandedFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

const DATABASES = ["chat.db", "sms.db"];
const MAX_FILES = 99_000;

/**
 * Finds what is to be sent of a messages database, of a folder that holds one, or of an iPhone's backup: the database,
 * its log and its attachments, and nothing else of the phone. Follows no link, and writes nothing there. While Messages
 * has the database open, it is kept as it is until `release`.
 *
 * @returns undefined for anything else
 * @throws {ConnectorError} `malformed`: an encrypted backup; `too-large`
 * @throws the system's error, where something may not be read
 */
export async function handedOver(path: string): Promise<Handed | undefined> {
  const found = await stat(path);
  if (found.isFile())
    return (await beginsAsDatabase(path)) ? databaseAt(path, basename(dirname(path))) : undefined;
  if (!found.isDirectory()) return undefined;
  for (const name of DATABASES) {
    if (await regular(join(path, name))) return databaseAt(join(path, name), basename(path));
  }
  return (await regular(join(path, "Manifest.db"))) ? backupAt(path) : undefined;
}

async function databaseAt(path: string, folder: string): Promise<Handed> {
  const release = (await regular(`${path}-shm`)) ? held(path) : () => undefined;
  try {
    const name = DATABASES.find((each) => each === basename(path)) ?? "chat.db";
    const files: HandedFile[] = [];
    // The log first: what is moved from it into the database meanwhile is then in both.
    for (const ending of ["-wal", ""]) {
      const one = await regular(path + ending);
      if (one) files.push({ name: name + ending, path: path + ending, sizeBytes: within(one.size) });
    }
    const attachments = join(dirname(path), "Attachments");
    for await (const file of filesBelow(attachments, "Attachments")) add(files, file);
    return { name: `${folder}.zip`, files: inOrder(files), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function backupAt(folder: string): Promise<Handed> {
  if (!(await beginsAsDatabase(join(folder, "Manifest.db"))))
    throw malformed("the backup is encrypted: make one without a password, or hand over the database");
  const names = [
    "Manifest.plist",
    BACKUP_DATABASE,
    BACKUP_LOG,
    ...attachmentsOf(join(folder, "Manifest.db")),
  ];
  const files: HandedFile[] = [];
  for (const name of names) {
    const one = await regular(join(folder, name));
    const isMessages = name === BACKUP_DATABASE || name === BACKUP_LOG;
    if (one)
      add(files, { name, path: join(folder, name), sizeBytes: isMessages ? within(one.size) : one.size });
  }
  return { name: `${basename(folder)}.zip`, files: inOrder(files), release: () => undefined };
}

/** Nothing is sent of what would be refused. */
function within(sizeBytes: number): number {
  if (sizeBytes <= MAX_IMAGE_BYTES) return sizeBytes;
  throw new ConnectorError(
    "too-large",
    "the messages database, or its log, is over 2 GiB, which is not read",
  );
}

/** Where a backup has the attachments of its messages. */
function attachmentsOf(manifest: string): string[] {
  const db = readOnly(manifest);
  try {
    const found = db
      .prepare(
        "SELECT relativePath FROM Files WHERE domain = 'MediaDomain' AND relativePath >= ? AND relativePath < ? LIMIT ?",
      )
      .all("Library/SMS/Attachments/", "Library/SMS/Attachments0", MAX_FILES + 1);
    return found.flatMap(({ relativePath }) =>
      typeof relativePath === "string" ? [backupName("MediaDomain", relativePath)] : [],
    );
  } catch (cause) {
    throw malformed("the backup's own list of files is damaged", cause);
  } finally {
    db.close();
  }
}

/** Reads a file that nobody writes to, and makes no file beside it. */
function readOnly(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, { readOnly: true });
}

/**
 * Holds the log: Messages goes on writing to its end, and does not begin it anew.
 *
 * @see https://sqlite.org/wal.html#avoiding_excessively_large_wal_files
 */
function held(path: string): () => void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch (cause) {
    db.close();
    throw malformed("it is locked or damaged", cause);
  }
  return () => {
    db.close();
  };
}

async function* filesBelow(dir: string, name: string): AsyncGenerator<HandedFile> {
  const found = await lstat(dir).catch(() => undefined);
  if (!found?.isDirectory()) return;
  const entries: Dirent[] = await readdir(dir, { withFileTypes: true });
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, `${name}/${entry.name}`);
    else if (entry.isFile())
      yield { name: `${name}/${entry.name}`, path, sizeBytes: (await lstat(path)).size };
  }
}

function add(files: HandedFile[], file: HandedFile): void {
  if (files.length >= MAX_FILES) throw malformed(`it has more than ${String(MAX_FILES)} attachments`);
  files.push(file);
}

/** The same each time, so that what is handed over again is the same bytes. */
function inOrder(files: readonly HandedFile[]): HandedFile[] {
  return [...files].sort((a, b) => (a.name < b.name ? 1 : -1));
}

async function regular(path: string): Promise<Stats | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if (typeof error === "object" && error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return found?.isFile() ? found : undefined;
}

async function beginsAsDatabase(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return isDatabase(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
