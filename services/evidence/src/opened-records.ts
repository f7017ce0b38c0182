import type { ArchiveRecord } from "@daybook/archive-core";
import type { RecordRef } from "@daybook/catalogue";
import { formatSessionKey, type OpenedRecord, type RecordReader } from "@daybook/openpgp";
import type { PackageAttachment, PackageRecord, PlacedRecord } from "@daybook/package";
import type { Gone } from "./gone.ts";
import type { ProvedShard } from "./proved.ts";
import { inThreads } from "./selection.ts";

export function parsed(opened: OpenedRecord): ArchiveRecord {
  return JSON.parse(opened.json.toString()) as ArchiveRecord;
}

/** Records as they go into a package, in the order of the logs; those whose key is gone are noted and left out. */
export async function* provedRecords(
  refs: readonly RecordRef[],
  shards: ReadonlyMap<string, ProvedShard>,
  reader: RecordReader,
  { sources, gone }: { sources: boolean; gone: Gone },
): AsyncGenerator<PackageRecord, void, undefined> {
  for await (const run of reader.inRuns(refs)) {
    for (const ref of run.places) {
      const opened = run.open(ref);
      if (!opened) {
        gone.add(ref.id);
        continue;
      }
      const shard = shards.get(ref.shard) as ProvedShard;
      const { leaf, proof } = shard.proveNear(ref.index) ?? (await shard.prove(ref.index));
      yield {
        ...placed(ref, opened, reader, sources),
        sealed: opened.packet,
        sessionKey: formatSessionKey(opened.key),
        leaf,
        proof,
      };
    }
  }
}

/** Those that have a conversation, in the order of reading. */
export async function* threads(
  refs: readonly RecordRef[],
  reader: RecordReader,
  sources: boolean,
): AsyncGenerator<PlacedRecord, void, undefined> {
  const ordered = inThreads(refs.filter((one) => one.keys.conversation !== undefined));
  for await (const run of reader.inRuns(ordered)) {
    for (const ref of run.places) {
      const opened = run.open(ref);
      if (opened) yield placed(ref, opened, reader, sources);
    }
  }
}

function placed(
  { shard, index }: RecordRef,
  opened: OpenedRecord,
  reader: RecordReader,
  sources: boolean,
): PlacedRecord {
  return { shard, index, record: opened.json, attachments: attachmentsOf(opened, reader, sources) };
}

/** Those of its attachments that still have a key; a file that was brought in only with `sources`. */
function attachmentsOf(opened: OpenedRecord, reader: RecordReader, sources: boolean): PackageAttachment[] {
  if (opened.attachmentKeys.size === 0) return [];
  const record = parsed(opened);
  const isSource = record.kind === "notice" && record.method === "export" && record.source !== undefined;
  if (isSource && !sources) return [];
  const attachments: PackageAttachment[] = [];
  for (const [n, { name, mediaType, sizeBytes, sha256, sealed }] of (record.attachments ?? []).entries()) {
    const key = opened.attachmentKeys.get(n);
    if (key)
      attachments.push({ sha256, name, mediaType, sizeBytes, open: () => reader.attachment(sealed, key) });
  }
  return attachments;
}
