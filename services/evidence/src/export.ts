import { hash } from "node:crypto";
import type { Stores } from "@daybook/archive-core";
import type { CatalogueReader, ReadTexts, RecordRef } from "@daybook/catalogue";
import type { RecordReader } from "@daybook/openpgp";
import type { PackageFormat, PackageInput, PackageReport, PackageSink } from "@daybook/package";
import { writePackage } from "@daybook/package";
import { selectChosen } from "./chosen.ts";
import { EvidenceError } from "./error.ts";
import { Gone } from "./gone.ts";
import { holdLogs } from "./held-logs.ts";
import { parsed, provedRecords, threads } from "./opened-records.ts";
import type { AttestingService, AuditTrail, Disposed, JsonValue, Outside, RecordsService } from "./ports.ts";
import type { ProvedShard } from "./proved.ts";
import { findReceipt } from "./receipt.ts";
import { isWhole, select, type Selected, type Wanted } from "./selection.ts";

/** What a person asks for. */
export interface ExportRequest {
  readonly id: string;
  readonly actor: string;
  readonly matter: string;
  /** Of the package and its folder. */
  readonly name: string;
  readonly wanted: Wanted;
  /** What people selected in the matter, in place of `wanted`. */
  readonly selection: boolean;
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

/** An export whose request is in the log, ready to be written. */
export interface PreparedExport {
  readonly askedAt: Date;
  readonly checkpoints: readonly { origin: string; size: number; root: string }[];
  /** Records selected. */
  readonly records: number;
  /** Of these, those that are read once more, for reading copies of conversations. */
  readonly copies: number;
  /**
   * Writes the package; afterwards its receipt can be had. May be repeated, and writes the same bytes again.
   *
   * @param onRead told of each record that was read
   */
  write(sink: PackageSink, onRead?: OnRead): Promise<PackageReport>;
  /** Commits the export to the log and returns `NAME.receipt`. Repeatable after a failure. */
  receipt(report: PackageReport): Promise<Buffer>;
}

export type OnRead = (stage: "records" | "reading-copies") => void;

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
  const { custodian, participant, ...rest } = request.wanted;
  const outside = participant === undefined ? undefined : await deps.records.participant(participant);
  const wanted: Selected = {
    ...rest,
    ...(custodian !== undefined && { custodian: await deps.records.custodian(custodian) }),
    ...(outside && { parties: outside.parties }),
  };
  const chosen = request.selection ? await chosenIn(request.matter, deps.records) : undefined;
  const said = { ...describe(request, chosen), ...(outside && { participant: plain(outside) }) };
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
  const whole = chosen === undefined && isWhole(wanted);
  if (whole) for await (const one of deps.records.disposals()) disposed.push(one);
  const certificates = [...new Set(disposed.map(({ auditId }) => auditId))];
  const choose = (texts: ReadTexts) =>
    chosen
      ? selectChosen(deps.catalogue, chosen, request.matter)
      : select(deps.catalogue, wanted, request.matter, texts, certificates);
  const refs = (await selectWhole(choose, gone, deps)).filter(
    (ref) => ref.index < (shards.get(ref.shard)?.size ?? 0),
  );
  const sources = whole || request.withSources;
  const startedAt = deps.now();
  const input: Omit<PackageInput, "records" | "threads" | "disposals"> = {
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
  };
  const hasCopies = request.formats.has("rsmf") || request.formats.has("html");
  return {
    askedAt: startedAt,
    checkpoints: [...shards.values()].map(({ origin, size, root }) => ({
      origin,
      size,
      root: root.toString("base64"),
    })),
    records: refs.length,
    copies: hasCopies ? refs.filter((ref) => ref.keys.conversation !== undefined).length : 0,
    write: (sink, onRead) =>
      writePackage(
        {
          ...input,
          records: async function* () {
            yield* told(provedRecords(refs, shards, deps.reader, { sources, gone }), "records", onRead);
            await gone.check(deps.records);
          },
          threads: () => told(threads(refs, deps.reader, sources), "reading-copies", onRead),
          disposals: certified(disposed, shards, new Set(refs.map(({ id }) => id))),
        },
        sink,
      ),
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

/** As an audit event holds it. */
function plain(value: Outside): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

/** What was selected in a matter. @throws {EvidenceError} `bad-request` when that is nothing */
async function chosenIn(matter: string, records: RecordsService): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const id of records.selection(matter)) ids.push(id);
  if (ids.length === 0)
    throw new EvidenceError("bad-request", "nothing is selected in that matter: select records first");
  return ids.sort();
}

async function* told<T>(
  items: AsyncIterable<T>,
  stage: Parameters<OnRead>[0],
  onRead: OnRead | undefined,
): AsyncGenerator<T, void, undefined> {
  for await (const item of items) {
    yield item;
    onRead?.(stage);
  }
}

/** @param chosen ids of what was selected, sorted: told by their number and the SHA-256 of them, one a line */
function describe(
  { name, wanted, formats, withSources, recipients }: ExportRequest,
  chosen: readonly string[] | undefined,
): Record<string, JsonValue> {
  return {
    name,
    ...(chosen && {
      selection: {
        records: chosen.length,
        sha256: hash("sha256", chosen.map((id) => `${id}\n`).join("")),
      },
    }),
    filters: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
    formats: [...formats].sort(),
    withSources,
    recipients,
  };
}

/** Selects from a catalogue that is whole, before and after. @throws {EvidenceError} `unavailable` */
async function selectWhole(
  choose: (texts: ReadTexts) => Promise<RecordRef[]>,
  gone: Gone,
  { catalogue, reader, records }: ExportDeps,
): Promise<RecordRef[]> {
  const whole = async () => {
    if (await catalogue.isRebuilding())
      throw new EvidenceError("unavailable", "the catalogue is being rebuilt: export when that is done");
  };
  await whole();
  const refs = await choose((of) => textsOf(of, reader, gone));
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
