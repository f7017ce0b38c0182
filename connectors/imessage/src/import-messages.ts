import {
  type Captured,
  ConnectorError,
  type ImportableFile,
  type ImportedEntry,
  type Sink,
  type SuppliedFile,
} from "@daybook/contract";
import {
  CONNECTOR,
  fileIdOf,
  laterFile,
  type MissingAttachment,
  type MissingFile,
  toCaptured,
} from "./captured.ts";
import { isDatabase } from "./database/open.ts";
import { openMessages } from "./open-messages.ts";
import type { AttachmentFile } from "./reading/attachment-file.ts";
import type { Entry } from "./reading/entry.ts";
import { findMessages, type Member, type Supply } from "./supply/files.ts";

/** Bytes of memory that an entry holds beside its `raw`. */
const ENTRY_BYTES = 2_000;
const MAGIC_BYTES = 16;
const ZIP_MAGIC = "PK\u0003\u0004";

/**
 * Opens a messages database: by itself, or in a ZIP with its log and attachments, or with the backup of an iPhone. It is
 * held in memory while it is open; nothing of it is written anywhere in clear.
 *
 * @param openZip the files of a ZIP, checked and bounded
 * @returns undefined for a file of another kind
 * @throws {ConnectorError} `malformed`, `not-an-export`, `too-large`
 */
export async function importMessages(
  file: SuppliedFile,
  openZip: (file: SuppliedFile) => Promise<readonly Member[]>,
): Promise<ImportableFile | undefined> {
  const supply = await supplyIn(file, openZip);
  if (!supply) return undefined;
  const messages = await openMessages(supply);
  return {
    network: "imessage",
    connector: CONNECTOR,
    async *entries() {
      for await (const of of messages.entries()) yield entryOf(of, supply, file.sha256);
    },
    [Symbol.asyncDispose]: () => messages[Symbol.asyncDispose](),
  };
}

async function supplyIn(
  file: SuppliedFile,
  openZip: (file: SuppliedFile) => Promise<readonly Member[]>,
): Promise<Supply | undefined> {
  const parts: Uint8Array[] = [];
  for await (const part of file.read(0, Math.min(MAGIC_BYTES, file.sizeBytes))) parts.push(part);
  const head = Buffer.concat(parts);
  if (isDatabase(head)) {
    const { sizeBytes } = file;
    const database = { name: "chat.db", sizeBytes, isLink: false, open: () => file.read(0, sizeBytes) };
    return { database, log: undefined, attachment: () => undefined };
  }
  return head.toString("latin1", 0, ZIP_MAGIC.length) === ZIP_MAGIC
    ? findMessages(await openZip(file))
    : undefined;
}

function entryOf(entry: Entry, supply: Supply, fileSha256: string): ImportedEntry {
  /** Damaged, or larger than is kept. */
  const untaken = new Set<string>();
  const attach = async (file: AttachmentFile, sink: Pick<Sink, "attach">) => {
    const taken = await attached(file, supply, sink);
    if (typeof taken === "string") untaken.add(file.id);
    return taken;
  };
  return {
    eventId: `${entry.eventId}\n${entry.stableDigest}`,
    sizeBytes: entry.raw.length + ENTRY_BYTES,
    network: entry.network,
    conversation: entry.conversation,
    ...(entry.alsoIn && { alsoIn: entry.alsoIn }),
    attachments: entry.files.map((file) => ({
      eventId: `${fileIdOf(entry, file.id)}\n${entry.stableDigest}`,
      get isThere() {
        return isIn(supply, file) && !untaken.has(file.id);
      },
      capture: async (sink, { account, custodian }) => [
        laterFile(entry, file, await attach(file, sink), { account, custodian, fileSha256 }),
      ],
    })),
    async capture(sink, { account, custodian }): Promise<Captured[]> {
      const attachments = [];
      const missing: MissingFile[] = [];
      for (const file of entry.files) {
        const taken = await attach(file, sink);
        if (typeof taken === "string") missing.push({ name: file.name, why: taken });
        else attachments.push(taken);
      }
      return toCaptured(entry, { account, custodian, fileSha256, attachments, missing });
    },
  };
}

function isIn(supply: Supply, { path, isOutside }: AttachmentFile): boolean {
  return !isOutside && path !== undefined && supply.attachment(path) !== undefined;
}

/** @returns the attachment, or why there is none @throws what is not the fault of the file */
async function attached(
  { name, mediaType, path, isOutside }: AttachmentFile,
  supply: Supply,
  sink: Pick<Sink, "attach">,
) {
  if (isOutside) return "attachment kept outside of the folder of attachments" satisfies MissingAttachment;
  const file = path === undefined ? undefined : supply.attachment(path);
  if (!file) return "attachment named but not in the import" satisfies MissingAttachment;
  try {
    return await sink.attach(file.open(), { name, mediaType });
  } catch (error) {
    const code = error instanceof ConnectorError ? error.code : undefined;
    if (code === "malformed") return "attachment damaged in the import" satisfies MissingAttachment;
    if (code === "too-large") return "attachment larger than is kept" satisfies MissingAttachment;
    throw error;
  }
}
