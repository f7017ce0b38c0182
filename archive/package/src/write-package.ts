import { type ArchiveRecord, canonical } from "@daybook/archive-core";
import { attachmentPath } from "./attachment-name.ts";
import { Bag, digestOf } from "./bag.ts";
import { checkedContent } from "./checked-attachment.ts";
import { eml, hasEml } from "./eml.ts";
import { PackageError } from "./error.ts";
import { safeSegment } from "./file-name.ts";
import { dayPage, indexFrame, indexLine } from "./html.ts";
import { INDEX_HEADER, indexRow } from "./index-csv.ts";
import type { PackageInput, PackageRecord, PackageReport } from "./input.ts";
import { readMe } from "./read-me.ts";
import { rsmf } from "./rsmf.ts";
import type { PackageSink } from "./sink.ts";
import { Spool } from "./spool.ts";
import { threadDays } from "./thread-days.ts";
import { auditView, coverageView, gapView } from "./views.ts";

/**
 * Writes a whole evidence package into a sink, in two passes over the records at most. Memory stays flat but
 * for a few hundred bytes a record. The same input gives the same files. A failed package is not finished:
 * the caller discards what the sink holds.
 *
 * @returns what the audit record of the export has to commit to
 * @throws {PackageError} and whatever input or sink throw
 */
export async function writePackage(input: PackageInput, sink: PackageSink): Promise<PackageReport> {
  const bag = new Bag(sink);
  await bag.payload("README.txt", readMe(safeSegment(input.name)));
  await bag.payload("request.json", `${canonical(input.request)}\n`);
  for (const { shard, note, vkey, stamp } of input.checkpoints) {
    const folder = `logs/${safeSegment(shard)}`;
    await bag.payload(`${folder}/checkpoint`, note);
    await bag.payload(`${folder}/vkey`, line(vkey));
    if (stamp) await bag.payload(`${folder}/checkpoint.tsr`, stamp);
  }
  if (input.witnesses?.length) await bag.payload("logs/witnesses", input.witnesses.map(line).join(""));
  if (input.tsaCa !== undefined) await bag.payload("logs/tsa-ca.pem", input.tsaCa);
  const counts = await writeRecords(input, bag);
  for await (const { id, auditId, leaf, proof } of input.disposals) {
    await bag.payload(`disposals/${id}.json`, canonical({ auditId, id }));
    await bag.payload(`leaves/${id}.leaf`, leaf);
    await bag.payload(`proofs/${id}.tlog-proof`, proof);
  }
  await writeThreads(input, bag);
  const tagManifestSha256 = await bag.finish(input);
  return { ...counts, tagManifestSha256 };
}

function line(text: string): string {
  return `${text}\n`;
}

async function writeRecords(
  input: PackageInput,
  bag: Bag,
): Promise<Omit<PackageReport, "tagManifestSha256">> {
  const tables = new Tables();
  const order = new ArchiveOrder();
  const attachments = new Set<string>();
  for await (const placed of input.records()) {
    order.follow(placed);
    const { record, files } = proved(placed);
    for (const { path, body, sha256 } of files) {
      const full = bag.whole(path, body, sha256);
      if (full) await full;
    }
    tables.add(placed, record);
    for (const attachment of placed.attachments) {
      if (attachments.has(attachment.sha256)) continue;
      attachments.add(attachment.sha256);
      await bag.payload(attachmentPath(attachment), checkedContent(attachment));
    }
    if (input.formats.has("eml") && hasEml(record)) {
      await bag.payload(`eml/${record.id}.eml`, eml(record, { ...placed, digest: digestOf(placed.record) }));
    }
  }
  await tables.write(bag);
  return { records: tables.records, attachments: attachments.size, gaps: tables.gaps };
}

/** A file of a bag, at hand. */
interface WholeFile {
  readonly path: string;
  readonly body: Uint8Array | string;
  readonly sha256: string;
}

/**
 * A record, and the files that are it and prove it. Its bytes are read as they are because both they and the
 * sealed ones are found to be what the leaf says.
 *
 * @throws {PackageError} `not-as-logged`
 */
function proved({ record: bytes, sealed, leaf, proof }: PackageRecord): {
  record: ArchiveRecord;
  files: readonly WholeFile[];
} {
  const rec = digestOf(bytes);
  const ct = digestOf(sealed);
  // A leaf is canonical JSON of digests, numbers and an id: nothing in it can pass for a member.
  const said = leaf.toString("latin1");
  if (!said.includes(`"rec":"${rec}"`) || !said.includes(`"ct":"${ct}"`))
    throw new PackageError("not-as-logged", "a record is not what its leaf says");
  const record = JSON.parse(bytes.toString()) as ArchiveRecord;
  const { id } = record;
  const files = [
    { path: `records/${id}.json`, body: bytes, sha256: rec },
    { path: `sealed/${id}.pgp`, body: sealed, sha256: ct },
    { path: `leaves/${id}.leaf`, body: leaf, sha256: digestOf(leaf) },
    { path: `proofs/${id}.tlog-proof`, body: proof, sha256: digestOf(proof) },
  ];
  return { record, files };
}

async function writeThreads(input: PackageInput, bag: Bag): Promise<void> {
  const { formats, name } = input;
  if (!formats.has("rsmf") && !formats.has("html")) return;
  const index = new Spool();
  const frame = indexFrame(name);
  index.append(frame.head);
  for await (const day of threadDays(input.threads())) {
    if (formats.has("rsmf")) await bag.payload(`rsmf/${day.name}.rsmf`, await rsmf(day, name));
    if (!formats.has("html")) continue;
    await bag.payload(`html/${day.name}.html`, dayPage(day));
    index.append(indexLine(day));
  }
  index.append(frame.tail);
  if (formats.has("html")) await bag.payload("html/index.html", index.bytes());
}

/** The files that have a line for each record of some kind. */
class Tables {
  records = 0;
  gaps = 0;
  readonly #keys = new Spool();
  readonly #index = new Spool();
  readonly #gaps = new Spool();
  readonly #coverage = new Spool();
  readonly #audit = new Spool();

  constructor() {
    this.#index.append(INDEX_HEADER);
  }

  add({ sessionKey, shard, index, about }: PackageRecord, record: ArchiveRecord): void {
    this.records += 1;
    this.#keys.append(`${record.id},${sessionKey}\n`);
    this.#index.append(indexRow(record, shard, index));
    if (record.kind === "gap") {
      this.gaps += 1;
      this.#gaps.append(gapView(record, about));
    } else if (record.kind === "coverage") this.#coverage.append(coverageView(record));
    else if (record.kind === "audit") this.#audit.append(auditView(record));
  }

  async write(bag: Bag): Promise<void> {
    await bag.payload("session-keys.csv", this.#keys.bytes());
    await bag.payload("index.csv", this.#index.bytes());
    await bag.payload("gaps.jsonl", this.#gaps.bytes());
    await bag.payload("coverage.jsonl", this.#coverage.bytes());
    await bag.payload("audit.jsonl", this.#audit.bytes());
  }
}

/** Holds the caller to archive order, which is what keeps a record from being there twice. */
class ArchiveOrder {
  readonly #finished = new Set<string>();
  #shard: string | undefined;
  #index = -1;

  follow({ shard, index }: { readonly shard: string; readonly index: number }): void {
    if (shard !== this.#shard) {
      if (this.#shard !== undefined) this.#finished.add(this.#shard);
      this.#shard = shard;
      this.#index = -1;
    }
    if (this.#finished.has(shard) || index <= this.#index)
      throw new PackageError("out-of-order", "records come shard by shard, by rising index");
    this.#index = index;
  }
}
