import { createHash } from "node:crypto";
import type { Captured, ImportedEntry, SuppliedFile } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { importBackup } from "../../src/index.ts";

export const ACCOUNT = "account-1";
export const CUSTODIAN = { id: "custodian-1", name: "Olivia Sinclair" };

/** A file in memory, read in pieces of so many bytes. */
export function supplied(content: string | Uint8Array, piece = 40_000): SuppliedFile {
  const bytes = Buffer.from(content as string);
  return {
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    async *read(start, end) {
      for (let at = start; at < end; at += piece)
        yield await Promise.resolve(bytes.subarray(at, Math.min(end, at + piece)));
    },
  };
}

/** What is captured of a backup. @param known ids of entries that are recorded already: added to */
export async function captured(
  file: SuppliedFile,
  { known = new Set<string>(), sink = new RecordingSink() } = {},
): Promise<Captured[]> {
  const backup = await importBackup(file);
  if (!backup) throw new Error("it is no backup");
  const events: Captured[] = [];
  for await (const entry of backup.entries()) {
    if (known.has(entry.eventId)) continue;
    known.add(entry.eventId);
    events.push(...(await captureOf(entry, sink)));
  }
  return events;
}

function captureOf(entry: ImportedEntry, sink: RecordingSink): Promise<Captured[]> {
  return entry.capture(sink, { account: ACCOUNT, custodian: CUSTODIAN });
}
