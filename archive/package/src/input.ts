import type { Json } from "@daybook/archive-core";

/** Bytes that a record cites, in clear. */
export interface PackageAttachment {
  /** SHA-256 of the content, hex. */
  readonly sha256: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** The content, from its start each time: it is read once for each format that holds it. */
  open(): AsyncIterable<Uint8Array>;
}

/** A record and its place in the archive. */
export interface PlacedRecord {
  readonly shard: string;
  /** Its index in the shard's log. */
  readonly index: number;
  /** Canonical JSON. */
  readonly record: Buffer;
  /** Those of its attachments that go into the package. */
  readonly attachments: readonly PackageAttachment[];
}

/** A record with all that proves it. */
export interface PackageRecord extends PlacedRecord {
  /** The SEIPD packet, as logged. */
  readonly sealed: Buffer;
  /** `9:HEX` */
  readonly sessionKey: string;
  readonly leaf: Buffer;
  /** tlog-proof, under the checkpoint of its shard in `PackageInput.checkpoints`. */
  readonly proof: string;
  /** Of a gap: id of the record, or SHA-256 of the attachment, that it is about, where the catalogue knows. */
  readonly about?: string;
}

/** A record that was disposed of: that it existed, and on whose authority it went. */
export interface PackageDisposal {
  readonly id: string;
  /** Record id of the certificate, an audit record in the same package that names `id`. */
  readonly auditId: string;
  readonly shard: string;
  readonly index: number;
  readonly leaf: Buffer;
  readonly proof: string;
}

/** The head of one shard's log, which every proof of that shard is under. */
export interface PackageCheckpoint {
  readonly shard: string;
  /** `<deployment>/<shard>` */
  readonly origin: string;
  /** The signed note, verbatim. */
  readonly note: string;
  readonly vkey: string;
  /** RFC 3161 time-stamp of the note as it is here, where there is one: the authority's whole answer. */
  readonly stamp?: Uint8Array;
}

/** `records` is always written; the others are reading copies of the same records. */
export type PackageFormat = "records" | "rsmf" | "eml" | "html";

export interface PackageInput {
  /** Name of the package and of its folder: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  readonly createdAt: Date;
  readonly organisation?: string;
  /** Who asked for what, under which matter, with which filters, when, of which deployment. */
  readonly request: { readonly [name: string]: Json };
  readonly checkpoints: readonly PackageCheckpoint[];
  /** Verifier keys of the witnesses that the archive was told of. Whoever checks needs them from elsewhere. */
  readonly witnesses?: readonly string[];
  /** Certificates, PEM, to which the archive was told that stamps lead. As with `witnesses`. */
  readonly tsaCa?: string;
  readonly formats: ReadonlySet<PackageFormat>;

  /** Shard by shard, by rising index. Consumed once. */
  records(): AsyncIterable<PackageRecord>;

  /**
   * The records that have a conversation, by custodian, then network and conversation, then time. What follows
   * a message (edit, deletion, reaction, receipt) comes after it. Consumed once, only for RSMF and HTML.
   */
  threads(): AsyncIterable<PlacedRecord>;

  readonly disposals: AsyncIterable<PackageDisposal>;
}

export interface PackageReport {
  readonly records: number;
  /** Distinct attachments. */
  readonly attachments: number;
  readonly gaps: number;
  /** What the audit record of the export commits to, as `detail.tagManifestSha256`. */
  readonly tagManifestSha256: string;
}
