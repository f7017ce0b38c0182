import { createHash } from "node:crypto";
import { ConnectorError } from "@daybook/contract";
import { malformed } from "../database/malformed.ts";
import { PlistError, readBinaryPlist } from "../plist/binary-plist.ts";

/** A file of what was handed over. Its name is a label and never a path. */
export interface Member {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isLink: boolean;
  open(): AsyncIterable<Uint8Array>;
}

/** A messages database and what lies beside it. */
export interface Supply {
  readonly database: Member;
  readonly log: Member | undefined;
  /** @param path below `Attachments` */
  attachment(path: string): Member | undefined;
}

/** Of `HomeDomain-Library/SMS/sms.db`: how a backup names it. */
export const BACKUP_DATABASE = backupName("HomeDomain", "Library/SMS/sms.db");
export const BACKUP_LOG = backupName("HomeDomain", "Library/SMS/sms.db-wal");
const MANIFEST = "Manifest.plist";
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Where the backup of an iPhone keeps a file: SHA-1 of its domain and path, in a folder of its first two digits. */
export function backupName(domain: string, path: string): string {
  const id = createHash("sha1").update(`${domain}-${path}`).digest("hex");
  return `${id.slice(0, 2)}/${id}`;
}

/**
 * Finds the messages among files: `chat.db` or `sms.db` as a Mac or an iPhone keeps it, or the backup of an iPhone.
 *
 * @returns undefined where there are none
 * @throws {ConnectorError} `malformed`: an encrypted backup, or one that holds no messages
 */
export async function findMessages(files: readonly Member[]): Promise<Supply | undefined> {
  const named = new Map(files.filter(({ isLink }) => !isLink).map((file) => [file.name, file]));
  const folders = [...named.keys()]
    .filter((name) => /(?:^|\/)(?:chat|sms)\.db$/.test(name))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const [first] = folders;
  if (first !== undefined) {
    const folder = first.slice(0, first.lastIndexOf("/") + 1);
    // A database that was sent into a chat lies beside the text of that chat's export.
    if (
      [...named.keys()].some(
        (name) => /^[^/]*\.txt$/i.test(name.slice(folder.length)) && name.startsWith(folder),
      )
    )
      return undefined;
    return {
      database: named.get(first) as Member,
      log: named.get(`${first}-wal`),
      attachment: (path) => named.get(`${folder}Attachments/${path}`),
    };
  }
  return findInBackup(named);
}

async function findInBackup(named: ReadonlyMap<string, Member>): Promise<Supply | undefined> {
  const manifest = [...named.keys()].find((name) => name === MANIFEST || name.endsWith(`/${MANIFEST}`));
  if (manifest === undefined) return undefined;
  const folder = manifest.slice(0, manifest.length - MANIFEST.length);
  if (await isEncrypted(named.get(manifest) as Member))
    throw malformed("the backup is encrypted: make one without a password, or hand over the database");
  const database = named.get(folder + BACKUP_DATABASE);
  if (!database) throw malformed("the backup holds no messages: was it made of a whole device?");
  return {
    database,
    log: named.get(folder + BACKUP_LOG),
    attachment: (path) => named.get(folder + backupName("MediaDomain", `Library/SMS/Attachments/${path}`)),
  };
}

async function isEncrypted(manifest: Member): Promise<boolean> {
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of piecesOf(manifest, MAX_MANIFEST_BYTES)) pieces.push(piece);
    const list = readBinaryPlist(Buffer.concat(pieces));
    return list instanceof Map && list.get("IsEncrypted") === true;
  } catch (error) {
    // Where it is XML, or damaged, the database itself tells whether it can be read.
    if (error instanceof PlistError) return false;
    throw error;
  }
}

/**
 * A file's bytes in their order, as many as were said.
 *
 * @throws {ConnectorError} `too-large`; `malformed` where there are fewer or more
 */
export async function* piecesOf(file: Member, maxBytes: number): AsyncGenerator<Uint8Array> {
  if (file.sizeBytes > maxBytes)
    throw new ConnectorError("too-large", `the messages database is over ${String(maxBytes)} bytes`);
  let at = 0;
  for await (const piece of file.open()) {
    at += piece.length;
    if (at > file.sizeBytes) break;
    yield piece;
  }
  if (at !== file.sizeBytes) throw malformed("it is cut off");
}
