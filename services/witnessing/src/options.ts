import type { LockedReader, MutableStore } from "@daybook/archive-core";
import type { Logger, Metrics, Route } from "@daybook/runtime";

/** A C2SP witness. */
export interface WitnessAddress {
  /** Its submission prefix: `add-checkpoint` is posted below it. */
  readonly url: string;
  /** `name+id+base64(0x04 || Ed25519 public key)`, from the witness itself. */
  readonly vkey: string;
}

/** An RFC 3161 time-stamp authority. */
export interface TsaAddress {
  /** Where queries are posted; http is enough, for what comes back is signed. */
  readonly url: string;
  /** Root certificates, PEM, to which its stamps have to lead. Without them any authority's stamp is taken. */
  readonly ca?: string;
}

/**
 * Everything the service stands on. It holds no key of the archive: it reads checkpoints and tiles of hashes, writes
 * what others signed beside them, and is the one service that talks to outsiders.
 */
export interface WitnessingOptions {
  readonly deployment: string;
  /** Verifier keys of the logs, by shard. */
  readonly vkeys: Readonly<Record<string, string>>;
  readonly records: Pick<LockedReader, "get">;
  /** Writes below `log/SHARD/witnessed` and `log/SHARD/stamped/` alone. */
  readonly heads: Pick<MutableStore, "read" | "list" | "replace" | "put">;
  readonly witnesses: readonly WitnessAddress[];
  /** How many of them a checkpoint needs; 0 where there is none. */
  readonly quorum: number;
  readonly tsa?: TsaAddress;
  /** The newest checkpoint of each shard is cosigned so often at most, in milliseconds. */
  readonly cosignIntervalMs: number;
  /** And stamped so often, if it has grown. */
  readonly stampIntervalMs: number;
  /** How long one witness or authority may take in all, in milliseconds. */
  readonly patienceMs: number;
  /** Publishes encrypted envelopes: a refusal becomes an audit record. */
  readonly publish: (topic: string, partition: number, plaintexts: readonly Uint8Array[]) => Promise<number>;
  readonly mount: (routes: readonly Route[]) => void;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly now: () => Date;
}
