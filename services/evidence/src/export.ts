import type { ArchiveRecord, Stores } from "@daybook/archive-core";
import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import { formatSessionKey, type OpenedRecord, type RecordReader } from "@daybook/openpgp";
import type {
  PackageAttachment,
  PackageFormat,
  PackageInput,
  PackageRecord,
  PackageReport,
  PackageSink,
  PlacedRecord,
} from "@daybook/package";
import { encodeReceipt, writePackage } from "@daybook/package";
import { EvidenceError } from "./error.ts";
import { Gone } from "./gone.ts";
import { holdLogs } from "./held-logs.ts";
import type { AttestingService, AuditTrail, Disposed, JsonValue, RecordsService } from "./ports.ts";
import { holdShard, type ProvedShard } from "./proved.ts";
import { inThreads, isWhole, select, type Wanted } from "./selection.ts";

/** What a person asks for. */
export interface ExportRequest {
  readonly id: string;
  readonly actor: string;
  readonly matter: string;
  /** Of the package and its folder. */
  readonly name: string;
  /** The custodian by name or id. */
  readonly wanted: Wanted;
  readonly formats: ReadonlySet<PackageFormat>;
  readonly withSources: boolean;
  /** Fingerprints of the keys that it is encrypted to. */
  readonly recipients: readonly string[];
}

export interface ExportDeps {
  readonly catalogue: CatalogueReader;
  readonly reader: RecordReader;
  readonly stores: Stores;
  readonly records: RecordsService;
  readonly trail: AuditTrail;
  /** Left out where there are neither witnesses nor a time-stamp authority. */
  readonly attesting?: AttestingService;
  /** Verifier keys, by shard. */
  readonly vkeys: Readonly<Record<string, string>>;
  readonly deployment: string;
  /** A trial: said in the package. */
  readonly sample: boolean;
  readonly now: () => Date;
}

/** An export whose request is in the log, ready to be written once. */
export interface PreparedExport {
  readonly checkpoints: readonly { origin: string; size: number; root: string }[];
  /** Records selected. */
  readonly records: number;
  /** Writes the package; afterwards its receipt can be had. */
  write(sink: PackageSink): Promise<PackageReport>;
  /** Commits the export to the log and returns `NAME.receipt`. Repeatable after a failure. */
  receipt(report: PackageReport): Promise<Buffer>;
}

/**
 * Prepares an export: judges it, puts its request into the log and waits for that, then holds every log at its
 * checkpoint. What arrives later is not in it.
 *
 * @throws {EvidenceError}
 */
export async function prepareExport(request: ExportRequest, deps: ExportDeps): Promise<PreparedExport> {
  const matter = await deps.records.matter(request.matter);
  if (matter.closedAt !== null)
    throw new EvidenceError("matter-closed", "the matter is closed: open another");
  const { custodian } = request.wanted;
  const wanted = {
    ...request.wanted,
    ...(custodian !== undefined && { custodian: await deps.records.custodian(custodian) }),
  };
  const said = describe(request);
  await deps.trail.record({
    actor: request.actor,
    action: "export.start",
    matter: request.matter,
    subject: request.id,
    detail: said,
  });

  const logs = await holdLogs(deps.stores, deps.vkeys, deps.attesting);
  const { shards } = logs;
  const gone = new Gone();
  // No disposed record can be told to fit a filter: its row holds nothing but its id.
  const disposed: Disposed[] = [];
  if (isWhole(wanted)) for await (const one of deps.records.disposals()) disposed.push(one);
  const certificates = [...new Set(disposed.map(({ auditId }) => auditId))];
  const refs = (await selectWhole(wanted, { matter: request.matter, certificates, gone }, deps)).filter(
    (ref) => ref.index < (shards.get(ref.shard)?.size ?? 0),
  );
  const sources = isWhole(wanted) || request.withSources;
  const startedAt = deps.now();
  const input: PackageInput = {
    name: request.name,
    createdAt: startedAt,
    request: {
      ...said,
      id: request.id,
      matter: { id: matter.id, title: matter.title, kind: matter.kind },
      requestedBy: request.actor,
      requestedAt: startedAt.toISOString(),
      deployment: deps.deployment,
      ...(deps.sample && { trial: "A trial archive: its messages are made up." }),
      ...(logs.missing.length > 0 && { notAttested: logs.missing }),
    },
    checkpoints: logs.checkpoints,
    ...(logs.witnesses && { witnesses: logs.witnesses }),
    ...(logs.tsaCa !== undefined && { tsaCa: logs.tsaCa }),
    formats: request.formats,
    records: async function* () {
      yield* provedRecords(refs, shards, deps.reader, { sources, gone });
      await gone.check(deps.records);
    },
    threads: () => threads(refs, deps.reader, sources),
    disposals: certified(disposed, shards, new Set(refs.map(({ id }) => id))),
  };
  return {
    checkpoints: [...shards.values()].map(({ origin, size, root }) => ({
      origin,
      size,
      root: root.toString("base64"),
    })),
    records: refs.length,
    write: (sink) => writePackage(input, sink),
    receipt: async (report) => {
      await deps.trail.record({
        actor: request.actor,
        action: "export.complete",
        matter: request.matter,
        subject: request.id,
        detail: { ...said, export: request.id, ...report },
      });
      return findReceipt(request, deps, startedAt);
    },
  };
}

function describe({
  name,
  wanted,
  formats,
  withSources,
  recipients,
}: ExportRequest): Record<string, JsonValue> {
  return {
    name,
    filters: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
    formats: [...formats].sort(),
    withSources,
    recipients,
  };
}

/** Selects from a catalogue that is whole, before and after. @throws {EvidenceError} `unavailable` */
async function selectWhole(
  wanted: Wanted,
  { matter, certificates, gone }: { matter: string; certificates: readonly string[]; gone: Gone },
  { catalogue, reader, records }: ExportDeps,
): Promise<RecordRef[]> {
  const whole = async () => {
    if (await catalogue.isRebuilding())
      throw new EvidenceError("unavailable", "the catalogue is being rebuilt: export when that is done");
  };
  await whole();
  const refs = await select(catalogue, wanted, matter, (of) => textsOf(of, reader, gone), certificates);
  await whole();
  await gone.check(records);
  return refs;
}

/** Texts for the words of a phrase; undefined where there is none, or the key is gone. */
async function textsOf(
  refs: readonly RecordRef[],
  reader: RecordReader,
  gone: Gone,
): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for await (const run of reader.inRuns(refs)) {
    for (const ref of run.places) {
      const opened = run.open(ref);
      if (!opened) gone.add(ref.id);
      texts.push(opened && parsed(opened).text);
    }
  }
  return texts;
}

/** A record that the package will find to be what was logged, byte by byte, or refuse. */
function parsed(opened: OpenedRecord): ArchiveRecord {
  return JSON.parse(opened.json.toString()) as ArchiveRecord;
}

async function* provedRecords(
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

async function* threads(
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

/** Those whose certificate is among the records: others were disposed of since. */
async function* certified(
  disposed: readonly Disposed[],
  shards: ReadonlyMap<string, ProvedShard>,
  records: ReadonlySet<string>,
) {
  for (const disposal of disposed) {
    const shard = shards.get(disposal.shard);
    if (!shard || disposal.index >= shard.size || !records.has(disposal.auditId)) continue;
    yield { ...disposal, ...(await shard.prove(disposal.index)) };
  }
}

/** The logged audit record that completes the export, with its proof under the newest checkpoint. */
async function findReceipt(request: ExportRequest, deps: ExportDeps, since: Date): Promise<Buffer> {
  const shard = await holdShard(deps.stores, "audit", deps.vkeys.audit ?? "");
  const filters = { kinds: ["audit" as const], matter: request.matter, from: since.toISOString() };
  for await (const refs of deps.catalogue.select({ filters })) {
    for await (const run of deps.reader.inRuns(refs.toReversed())) {
      for (const ref of run.places) {
        const opened = run.open(ref);
        const audit = opened && parsed(opened).audit;
        if (!opened || !shard || audit?.action !== "export.complete" || audit.subject !== request.id)
          continue;
        return encodeReceipt({ record: opened.json, ...(await shard.prove(ref.index)) });
      }
    }
  }
  throw new EvidenceError("unavailable", "the export's own record is not in the log yet: ask again");
}
