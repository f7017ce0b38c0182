import type { ArchiveRecord } from "@daybook/archive-core";
import { canonical, decodeLeaf } from "@daybook/archive-core";
import { hash } from "node:crypto";
import type { ArchiveReader } from "./archive-reader.ts";
import type { Sight } from "./conversations/sight.ts";
import { RecordsError } from "./error.ts";
import type { Operations } from "./operations.ts";
import type { Reading } from "./reading.ts";
import type { AuditTrail } from "./trail.ts";

/** What a person needs to check a record by hand, but for its session key, which is only given with an export. */
export interface RecordProof {
  readonly id: string;
  readonly shard: string;
  readonly index: number;
  /** Of the log that the record is in. */
  readonly vkey: string;
  /** As it was logged. */
  readonly leaf: string;
  /** The signed head, and the tlog-proof that the leaf is under it. */
  readonly checkpoint: string;
  readonly proof: string;
  /** What was sealed: canonical JSON, whose SHA-256 the leaf has as `rec`. */
  readonly canonical: string;
  readonly sha256: string;
  readonly record: Pick<
    ArchiveRecord,
    "kind" | "network" | "method" | "provenance" | "connector" | "capturedAt" | "source"
  >;
  /** The network's own bytes, base64. */
  readonly raw: string;
}

/** Shows how a record is proved. */
export class Proving {
  readonly #reading: Reading;
  readonly #operations: Pick<Operations, "prove">;
  readonly #archive: Pick<ArchiveReader, "vkey">;
  readonly #trail: AuditTrail;

  constructor(of: {
    reading: Reading;
    operations: Pick<Operations, "prove">;
    archive: Pick<ArchiveReader, "vkey">;
    trail: AuditTrail;
  }) {
    this.#reading = of.reading;
    this.#operations = of.operations;
    this.#archive = of.archive;
    this.#trail = of.trail;
  }

  /**
   * Answered once the audit event is durable.
   *
   * @throws {RecordsError} `not-found`, also while the published checkpoint does not cover it yet; `disposed`;
   *   `corrupt` when the record is not what was logged
   */
  async of(id: string, sight: Sight): Promise<RecordProof> {
    const { record } = await this.#reading.find(id, sight);
    const { shard, index, leaf, proof } = await this.#operations.prove(id);
    const text = canonical(record);
    const sha256 = hash("sha256", text);
    if (sha256 !== decodeLeaf(Buffer.from(leaf)).rec)
      throw new RecordsError("corrupt", "the record is not the one that was logged");
    await this.#trail.record({ ...sight.reason, action: "record.prove", subject: id });
    return {
      id,
      shard,
      index,
      vkey: this.#archive.vkey(shard),
      leaf,
      checkpoint: proof.slice(proof.indexOf("\n\n") + 2),
      proof,
      canonical: text,
      sha256,
      record,
      raw: record.raw,
    };
  }
}
