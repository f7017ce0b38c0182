import type { ArchiveRecord } from "@daybook/archive-core";
import { AUDIT_SHARD } from "@daybook/contract";
import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import type { Sight } from "./conversations/sight.ts";
import { mayDo, type Principal, ProblemError } from "@daybook/runtime";
import type { ArchiveReader } from "./archive-reader.ts";
import { RecordsError } from "./error.ts";
import type { AuditTrail } from "./trail.ts";

/** Records opened at a time: each is one small read. */
const AT_ONCE = 16;

/** A record, with its place in the log. */
export interface OpenRecord {
  readonly record: ArchiveRecord;
  readonly shard: string;
  readonly index: number;
}

/** Opens records for people, each time with an audit event first. */
export class Reading {
  readonly #archive: ArchiveReader;
  readonly #catalogue: CatalogueReader;
  readonly #trail: AuditTrail;

  constructor(of: { archive: ArchiveReader; catalogue: CatalogueReader; trail: AuditTrail }) {
    this.#archive = of.archive;
    this.#catalogue = of.catalogue;
    this.#trail = of.trail;
  }

  /** In the order given; undefined for one that has been disposed of since it was found. */
  open(refs: readonly RecordRef[]): Promise<(ArchiveRecord | undefined)[]> {
    return inParallel(refs, async (ref) => {
      try {
        return await this.#archive.open(ref);
      } catch (error) {
        if (error instanceof RecordsError && error.code === "disposed") return undefined;
        throw error;
      }
    });
  }

  /** One record. Answered once the audit event is durable. @throws {RecordsError} `not-found`, `disposed` */
  async view(id: string, sight: Sight): Promise<OpenRecord> {
    const { ref, record } = await this.find(id, sight);
    await this.#trail.record({ ...sight.reason, action: "record.view", subject: id });
    return { record, shard: ref.shard, index: ref.index };
  }

  /** The network's own bytes of a record. As `view`. */
  async raw(id: string, sight: Sight): Promise<Buffer> {
    const { record } = await this.find(id, sight);
    await this.#trail.record({ ...sight.reason, action: "record.raw", subject: id });
    return Buffer.from(record.raw, "base64");
  }

  /**
   * An attachment's content and what the record calls it. The audit event is durable before the first byte. The
   * bytes prove nothing until their iteration has ended without an error.
   */
  async attachment(id: string, n: number, sight: Sight) {
    const { ref, record } = await this.find(id, sight);
    const about = record.attachments?.[n];
    if (!about) throw new RecordsError("not-found", "the record has no such attachment");
    const content = await this.#archive.attachment(ref, record, n);
    await this.#trail.record({
      ...sight.reason,
      action: "attachment.view",
      subject: id,
      detail: { attachment: n, sha256: about.sha256 },
    });
    return { about, content };
  }

  /** The content of an imported file, by its notice, for capture to learn from: no person reads it. */
  async importedFile(notice: string): Promise<AsyncIterable<Uint8Array>> {
    const [ref] = await this.#catalogue.byIds([notice]);
    if (ref?.kind !== "notice") throw new RecordsError("not-found", "no imported file has such a notice");
    return this.#archive.attachment(ref, await this.#archive.open(ref), 0);
  }

  /** A record, before anybody is told of it. @throws {RecordsError} `not-found`, `disposed` */
  async find(
    id: string,
    { catalogue, principal }: Sight,
  ): Promise<{ ref: RecordRef; record: ArchiveRecord }> {
    const [ref] = await catalogue.byIds([id]);
    if (!ref) throw new RecordsError("not-found", "there is no such record, or it was disposed of");
    if (ref.shard === AUDIT_SHARD) requireAuditor(principal);
    return { ref, record: await this.#archive.open(ref) };
  }
}

/** @throws {ProblemError} `forbidden`: audit records are for those who audit */
export function requireAuditor(principal: Principal): void {
  if (mayDo(principal, "audit.read")) return;
  throw new ProblemError(403, "forbidden", "your roles do not allow reading audit records");
}

async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next;
      next += 1;
      results[at] = await work(items[at] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
