import { PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { encryptStreamToKeys, type Recipient } from "@daybook/openpgp";
import { type PackageReport, zipSink } from "@daybook/package";
import type { OnRead, PreparedExport } from "./export.ts";

const BUFFER_BYTES = 1024 * 1024;

/** Writes a package as a ZIP, encrypted where it has recipients, and ends `out`; a failure destroys it. */
export async function writeZip(
  out: Writable,
  name: string,
  prepared: PreparedExport,
  { recipients, onRead }: { recipients: readonly Recipient[]; onRead?: OnRead },
): Promise<PackageReport> {
  const zip = new PassThrough({ highWaterMark: BUFFER_BYTES });
  const sent =
    recipients.length > 0
      ? pipeline(zip, (source: AsyncIterable<Uint8Array>) => encryptStreamToKeys(source, recipients), out)
      : pipeline(zip, out);
  sent.catch((error: unknown) => zip.destroy(error instanceof Error ? error : undefined));
  try {
    const report = await prepared.write(zipSink(name, zip), onRead);
    zip.end();
    await sent;
    return report;
  } catch (error) {
    zip.destroy();
    await sent.catch(() => undefined);
    throw error;
  }
}

/** What a package is called when it is taken. */
export function fileName(name: string, recipients: readonly unknown[]): string {
  return `${name}.zip${recipients.length > 0 ? ".pgp" : ""}`;
}
