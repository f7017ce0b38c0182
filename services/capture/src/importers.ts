import type { ImportableFile, Importer } from "@daybook/contract";
import { openMail } from "@daybook/email";
import { DEFAULT_ZIP_LIMITS, openZip } from "@daybook/exports";
import { importMessages } from "@daybook/imessage";
import { importBackup } from "@daybook/sms";
import type { Upload } from "./upload.ts";

/** Each knows its files from all others. */
const IMPORTERS: readonly Importer[] = [
  openMail,
  importBackup,
  (file) => importMessages(file, (zip) => openZip(zip, DEFAULT_ZIP_LIMITS)),
];

/** A file of another kind than the exports of chat apps; undefined for one that no importer knows. */
export async function openByImporter(upload: Upload, name: string): Promise<ImportableFile | undefined> {
  for (const open of IMPORTERS) {
    const file = await open(upload, name);
    if (file) return file;
  }
  return undefined;
}
