import { ConnectorError, type ImportableFile, type Importer } from "@daybook/contract";
import type { Upload } from "./upload.ts";

/** Each knows its files from all others. Loaded when a file comes: no start waits for them. */
const IMPORTERS: readonly (() => Promise<Importer>)[] = [
  async () => (await import("@daybook/email")).openMail,
  async () => (await import("@daybook/sms")).importBackup,
  async () => {
    const [{ importMessages }, { DEFAULT_ZIP_LIMITS, openZip }] = await Promise.all([
      import("@daybook/imessage"),
      import("@daybook/exports"),
    ]);
    return (file) => importMessages(file, (zip) => openZip(zip, DEFAULT_ZIP_LIMITS));
  },
];

/** A file of another kind than the exports of chat apps; undefined for one that no importer knows. */
export async function openByImporter(upload: Upload, name: string): Promise<ImportableFile | undefined> {
  for (const load of IMPORTERS) {
    const open = await load();
    const file = await open(upload, name);
    if (file) return file;
  }
  return undefined;
}

const READ = ".xml of SMS Backup & Restore, .mbox, .eml, and Messages' chat.db or sms.db";

/** Says of a file that is no export of a chat app either what else is read. */
export function notRead(cause: unknown): never {
  if (!(cause instanceof ConnectorError) || cause.code !== "not-an-export") throw cause;
  const message = `${cause.message}. What else is imported, each by itself and unpacked: ${READ}`;
  throw new ConnectorError(cause.code, message, { cause });
}
