import { canonical } from "@daybook/archive-core";

/** The logged audit record of an export: it commits to the package that it lies beside. */
export interface Receipt {
  /** Canonical JSON of an audit record whose `audit.detail.tagManifestSha256` is the package's. */
  readonly record: Uint8Array | string;
  readonly leaf: Uint8Array | string;
  /** tlog-proof, under any checkpoint of the audit shard that holds the record. */
  readonly proof: string;
}

/** The content of `NAME.receipt`: canonical JSON of three strings. */
export function encodeReceipt({ record, leaf, proof }: Receipt): Buffer {
  return Buffer.from(canonical({ record: text(record), leaf: text(leaf), proof }));
}

function text(bytes: Uint8Array | string): string {
  return typeof bytes === "string" ? bytes : Buffer.from(bytes).toString();
}
