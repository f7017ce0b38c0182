import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { ConnectorError } from "@daybook/contract/error";
import { CliError } from "../error.ts";
import { printable } from "../output.ts";
import { storedZip, storedZipBytes } from "../stored-zip.ts";

/** What is sent of a path. */
export interface ImportSource {
  /** As it was given. */
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  open(): Readable;
  /** When it is sent, or was not. */
  readonly release: () => void;
}

/**
 * Looks at what is to be imported: a file, or what lies together of Messages, which travels as one ZIP.
 *
 * @throws {CliError}
 */
export async function importSource(path: string): Promise<ImportSource> {
  const { handedOver } = await import("@daybook/imessage");
  const handed = await handedOver(path).catch((error: unknown) => {
    throw new CliError(`${printable(path)} ${whyUnread(error)}`, { cause: error });
  });
  if (handed) {
    const { name, files } = handed;
    return {
      path,
      name,
      sizeBytes: storedZipBytes(files),
      open: () => Readable.from(storedZip(files), { objectMode: false, highWaterMark: 1024 * 1024 }),
      release: handed.release,
    };
  }
  const found = await stat(path);
  if (!found.isFile())
    throw new CliError(`${printable(path)} holds no messages database and no backup of a phone`);
  if (found.size === 0) throw new CliError(`${printable(path)} is empty: nothing was sent`);
  return {
    path,
    name: basename(path),
    sizeBytes: found.size,
    open: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
    release: () => undefined,
  };
}

function whyUnread(error: unknown): string {
  if (error instanceof ConnectorError) return `was not sent: ${error.message}`;
  const { code } = error as { code?: unknown };
  if (code === "EPERM" || code === "EACCES")
    return "may not be read: see its permissions, and on a Mac allow this terminal Full Disk Access in the privacy settings";
  return code === "ENOENT" ? "is not there: see how it is spelt" : "is no file that can be read";
}
