import {
  type ArchiveRecord,
  keyBlockKey,
  leafHash,
  type MutableStore,
  segmentKey,
  type Stores,
} from "@daybook/archive-core";
import type { CatalogueReader, CatalogueWriter, RecordRef } from "@daybook/catalogue";
import type { Logger } from "@daybook/runtime";
import { PLACES, unpackIds } from "./apply.ts";
import type { ArchiveReader, RecordPlace } from "./archive-reader.ts";
import type { Archiver } from "./archiver.ts";
import type { Cells } from "./cells.ts";
import type { Changes, Exclusive } from "./changes.ts";
import { type Disposals, KEPT_KINDS, rowOf } from "./disposals.ts";
import { RecordsError } from "./error.ts";
import type { Exports } from "./exports.ts";
import type { Detail } from "./facts.ts";
import { type ActiveHold, covers, type Holds } from "./holds.ts";
import { type Bell, RECLAIM_DAYS } from "./housekeeping.ts";
import type { KeyBlocks } from "./key-blocks.ts";
import type { KeptElsewhere } from "./options.ts";
import type { Reading } from "./reading.ts";
import type { Replay } from "./replay.ts";
import { sweepKeyBlocks } from "./sweep.ts";

const DAY_MS = 86_400_000;
const METHOD = "session key destroyed; ciphertext stays under its lock";
/** Records opened and judged at a time. */
const CHUNK = 500;

export interface DestructionOptions {
  readonly changes: Changes;
  readonly replay: Replay;
  readonly holds: Holds;
  readonly disposals: Disposals;
  readonly exports: Exports;
  readonly archive: ArchiveReader;
  readonly reading: Reading;
  readonly keyBlocks: KeyBlocks;
  /** The keyring, and its second copy where there is one. */
  readonly keyrings: readonly MutableStore[];
  readonly catalogue: CatalogueReader;
  readonly catalogueWriter: CatalogueWriter;
  readonly archiver: Pick<Archiver, "sweep">;
  readonly records: Stores["records"];
  readonly cells: Cells;
  readonly keptElsewhere: KeptElsewhere;
  readonly onKeysDestroyed?: ((of: Pick<RecordPlace, "shard" | "segment">) => void) | undefined;
  /** Rung when rows were cut, whose old versions have to be reclaimed. */
  readonly disposed: Bell;
  readonly log: Logger;
  readonly now: () => Date;
}

type Doomed = Detail<"disposal.begin">["records"][number];

interface Plan {
  readonly records: Doomed[];
  /** The same records and the notices of files, opened. */
  readonly judged: ArchiveRecord[];
  readonly excluded: { id: string; why: string }[];
  readonly files: string[];
  readonly bytesGoneFrom: string;
}

/**
 * Carries out approved disposals. Holds are judged inside the turn in which holds are placed, and what that turn
 * decided is a durable fact before the first key goes; a crash after it is made good at the next start, before
 * anybody can place a hold.
 */
export class Destruction {
  readonly #options: DestructionOptions;

  constructor(options: DestructionOptions) {
    this.#options = options;
  }

  /** Resolves once the keys are gone and the certificate is durable. @throws {RecordsError} `not-found`, `conflict` */
  async execute(id: string, actor: string): Promise<void> {
    const { changes, replay, archiver, archive, keyrings, log } = this.#options;
    await changes.exclusively(async (turn) => {
      const row = await turn.session.transaction((tx) => rowOf(tx, id));
      if (row.state !== "approved") throw new RecordsError("conflict", `that disposal is ${row.state}`);
      // What was exported until now has to be in the certificate.
      await replay.catchUp(turn.session);
      // A block that no leaf names may hold another key of the same event.
      await archiver.sweep?.();
      const swept = await sweepKeyBlocks(archive, keyrings);
      if (swept > 0) log.warn({ blocks: swept }, "destroyed key blocks that never committed");
      const holds = await turn.session.transaction((tx) => this.#options.holds.active(tx));
      const plan = await this.#plan(unpackIds(row.ids), holds);
      await turn.make(actor, async (tx) => {
        const { judged, ...decided } = plan;
        const exports = await this.#options.exports.holding(tx, judged);
        return { fact: { action: "disposal.begin", detail: { id, ...decided, exports } }, result: undefined };
      });
      await this.#finish(turn, id, actor);
      // So that the answer can name the record that certifies it.
      await replay.catchUp(turn.session);
    });
  }

  /** Completes what a crash interrupted. For the start, before requests are answered. */
  async resume(turn: Exclusive): Promise<void> {
    const rows = await turn.session.transaction((tx) =>
      tx.query<{ id: string }>("SELECT id FROM records.disposal WHERE state = 'executing' ORDER BY id"),
    );
    for (const { id } of rows) {
      this.#options.log.warn({ disposal: id }, "completing an interrupted disposal");
      await this.#finish(turn, id, "daybook");
    }
  }

  /**
   * Cuts rows of disposed records that came back: those that the archiver made again from events which the stream
   * still had. They can be opened by nobody, and found by nobody after this.
   */
  async recut(signal: AbortSignal): Promise<void> {
    const { disposals, catalogue, catalogueWriter, disposed, log } = this.#options;
    let after: string | undefined;
    do {
      const page = await disposals.disposed(after, CHUNK);
      const back = await catalogue.byIds(page.map(({ id }) => id));
      if (back.length > 0) {
        log.warn({ records: back.length }, "cutting rows of disposed records again");
        await catalogueWriter.dispose(back.map(({ id }) => id));
        disposed.ring();
      }
      after = page.length === CHUNK ? page.at(-1)?.id : undefined;
    } while (after !== undefined && !signal.aborted);
  }

  /** Keys first, then the catalogue's rows, then the certificate: a row that is cut has no key. */
  async #finish(turn: Exclusive, id: string, actor: string): Promise<void> {
    const { catalogue, catalogueWriter, archive, disposed, keptElsewhere, cells, now, log, onKeysDestroyed } =
      this.#options;
    const row = await turn.session.transaction((tx) => rowOf(tx, id));
    const records = row.doomed ?? [];
    const doomed = records.map(([record]) => record);
    const files = unpackIds(row.files ?? Buffer.alloc(0));
    const refs = await catalogue.byIds(doomed);
    const notices = await catalogue.byIds(files);
    const gone = [...refs, ...notices];
    await this.#destroyKeys(refs, notices);
    archive.keys.forget();
    for (const ref of gone) onKeysDestroyed?.(ref);
    await catalogueWriter.dispose(doomed);
    disposed.ring();
    const { streamDays, keyringSnapshotDays, databaseBackupDays } = keptElsewhere;
    const days = Math.max(streamDays, keyringSnapshotDays, databaseBackupDays + RECLAIM_DAYS);
    await turn.make(actor, () =>
      Promise.resolve({
        fact: {
          action: "disposal.certify",
          detail: {
            id,
            records,
            excluded: row.excluded ?? [],
            files,
            bytesGoneFrom: (row.bytes_gone_from ?? now()).toISOString(),
            exports: row.exports ?? [],
            digest: row.digest.toString("hex"),
            proposedBy: row.proposed_by,
            approvedBy: row.decided_by ?? "",
            reason: cells.open(PLACES.disposalReason(id), row.reason),
            authority: cells.open(PLACES.authority(id), row.authority),
            method: METHOD,
            unreadableFrom: new Date(now().getTime() + days * DAY_MS).toISOString(),
          },
        },
        result: undefined,
      }),
    );
    log.info({ disposal: id, records: doomed.length, files: files.length }, "disposed");
  }

  async #destroyKeys(records: readonly RecordRef[], files: readonly RecordRef[]): Promise<void> {
    const whole = bySegment(records);
    const imported = bySegment(files);
    for (const block of new Set([...whole.keys(), ...imported.keys()])) {
      const gone = whole.get(block);
      const notices = imported.get(block);
      await this.#options.keyBlocks.destroy(
        block,
        ({ index, attachment }) =>
          gone?.has(index) === true || (attachment === 0 && notices?.has(index) === true),
      );
    }
  }

  /** What goes and what stays, judged by the records themselves. */
  async #plan(ids: readonly string[], holds: readonly ActiveHold[]): Promise<Plan> {
    const { catalogue, reading } = this.#options;
    const refs = await catalogue.byIds(ids);
    const known = new Set(refs.map((ref) => ref.id));
    const excluded = ids.filter((id) => !known.has(id)).map((id) => ({ id, why: "already-disposed" }));
    const doomed: { ref: RecordRef; record: ArchiveRecord }[] = [];
    const files = new Map<string, FileVerdict>();
    for (let start = 0; start < refs.length; start += CHUNK) {
      const chunk = refs.slice(start, start + CHUNK);
      const opened = await reading.open(chunk);
      await this.#judgeFiles(chunk, holds, files);
      chunk.forEach((ref, i) => {
        const record = opened[i];
        const file = ref.keys.source === undefined ? undefined : files.get(ref.keys.source);
        if (!record) excluded.push({ id: ref.id, why: "already-disposed" });
        else if (KEPT_KINDS.includes(record.kind)) excluded.push({ id: ref.id, why: "never-disposed" });
        else if (holds.some(({ predicate }) => covers(predicate, record)))
          excluded.push({ id: ref.id, why: "held" });
        else if (file?.held) excluded.push({ id: ref.id, why: "file-held" });
        else doomed.push({ ref, record: withoutContent(record) });
      });
    }
    doomed.sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1));
    const cited = new Set(doomed.map(({ ref }) => ref.keys.source));
    const notices = [...files].flatMap(([key, file]) => (cited.has(key) ? file.notices : []));
    return {
      records: await this.#leaves(doomed.map(({ ref }) => ref)),
      judged: [...doomed, ...notices].map(({ record }) => record),
      excluded: excluded.sort((a, b) => (a.id < b.id ? -1 : 1)),
      files: notices.map(({ ref }) => ref.id).sort(),
      bytesGoneFrom: await this.#bytesGoneFrom([...doomed, ...notices]),
    };
  }

  /** The imported files that these records cite: a file still holds what each of its records said. */
  async #judgeFiles(
    refs: readonly RecordRef[],
    holds: readonly ActiveHold[],
    files: Map<string, FileVerdict>,
  ): Promise<void> {
    const { catalogue, reading } = this.#options;
    const unknown = refs.filter(({ keys: { source } }) => source !== undefined && !files.has(source));
    const notices = await catalogue.noticesFor(unknown);
    const opened = await reading.open(notices);
    for (const [i, ref] of notices.entries()) {
      const key = ref.keys.source;
      const record = opened[i];
      if (!record) continue;
      const sha256 = record.attachments?.[0]?.sha256;
      // A line of the chat that the app wrote is a notice too, and cites the file without being its own.
      if (key === undefined || sha256 === undefined || sha256 !== (record.source?.sha256 ?? sha256)) continue;
      const file = files.get(key) ?? { notices: [], held: false };
      file.notices.push({ ref, record: withoutContent(record) });
      for (const hold of holds) {
        file.held ||=
          covers(hold.predicate, record) || (await this.#options.holds.coversFile(hold, { sha256, key }));
      }
      files.set(key, file);
    }
  }

  async #leaves(refs: readonly RecordRef[]): Promise<Doomed[]> {
    const leaves = new Map<string, string>();
    for (const shard of new Set(refs.map((ref) => ref.shard))) {
      const indexes = refs.filter((ref) => ref.shard === shard).map((ref) => ref.index);
      for (const [index, entry] of await this.#options.archive.entries(shard, indexes)) {
        leaves.set(`${shard}/${index}`, leafHash(entry).toString("hex"));
      }
    }
    return refs.map(({ id, shard, index }) => [id, leaves.get(`${shard}/${index}`) ?? "", shard, index]);
  }

  /** When the last lock on any of the ciphertext lapses, unless a neighbour's class lengthens it. */
  async #bytesGoneFrom(of: readonly { ref: RecordRef; record: ArchiveRecord }[]): Promise<string> {
    const { records, now } = this.#options;
    const objects = new Set<string>();
    for (const { ref, record } of of) {
      objects.add(segmentKey(ref.shard, ref.segment.firstIndex, ref.segment.digest));
      for (const { sealed } of record.attachments ?? []) objects.add(`attachment/${sealed}`);
    }
    let last = now();
    for (const key of objects) {
      const stored = await records.stat(key);
      if (stored && stored.retainUntil > last) last = stored.retainUntil;
    }
    return last.toISOString();
  }
}

interface FileVerdict {
  readonly notices: { readonly ref: RecordRef; readonly record: ArchiveRecord }[];
  held: boolean;
}

/** What is still needed of a record once it is judged: ten thousand of them are in memory. */
function withoutContent({ text: _, ...record }: ArchiveRecord): ArchiveRecord {
  return { ...record, raw: "" };
}

function bySegment(refs: readonly RecordRef[]): Map<string, Set<number>> {
  const blocks = new Map<string, Set<number>>();
  for (const { shard, index, segment } of refs) {
    const block = keyBlockKey(shard, segment.firstIndex, segment.digest);
    blocks.set(block, (blocks.get(block) ?? new Set<number>()).add(index));
  }
  return blocks;
}
