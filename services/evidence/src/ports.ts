import type { PartyThen } from "@daybook/catalogue";
import type { AuditAction } from "@daybook/contract";

/** A matter, as the records service keeps it. */
export interface Matter {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly closedAt: string | null;
}

/** A record that was disposed of: its place in the log, and the audit record that certifies it. */
export interface Disposed {
  readonly id: string;
  readonly auditId: string;
  readonly shard: string;
  readonly index: number;
}

/** Somebody outside, as the records service knows them. */
export interface Outside {
  readonly id: string;
  /** By what networks know them, and when. */
  readonly parties: readonly PartyThen[];
  /** Numbers of theirs whose records beyond a long silence are not taken as theirs, and how many those are. */
  readonly unconfirmed: readonly {
    readonly network: string;
    readonly identifier: string;
    readonly side: string;
    readonly silentFrom: string;
    readonly silentTo: string;
    readonly records: number;
  }[];
}

/** What evidence needs of the records service. */
export interface RecordsService {
  /** @throws {EvidenceError} `no-such-matter`, `unavailable` */
  matter(id: string): Promise<Matter>;
  /** The id of a custodian named by name or id. @throws {EvidenceError} `no-such-custodian`, `unavailable` */
  custodian(name: string): Promise<string>;
  /** Somebody outside named by name or id. @throws {EvidenceError} `no-such-participant`, `bad-request`, `unavailable` */
  participant(name: string): Promise<Outside>;
  /** Every record that was disposed of. */
  disposals(): AsyncIterable<Disposed>;
  /** Ids of the records that were selected in a matter. @throws {EvidenceError} `no-such-matter`, `unavailable` */
  selection(matter: string): AsyncIterable<string>;
  /** Exports that were asked for under a matter, newest first. @throws {EvidenceError} `no-such-matter`, `bad-request` */
  exports(
    matter: string,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<{ exports: readonly PastExport[]; next: string | null }>;
}

/** An export that was asked for, as the audit log tells. */
export interface PastExport {
  readonly id: string;
  readonly at: string;
  /** Whoever asked; null where an older Daybook did not say. */
  readonly by: string | null;
  readonly name: string | null;
  readonly of: "everything" | "filters" | "selection";
}

/** What the witnessing service answers: the newest checkpoints, with what outsiders say of them. */
export interface Attestations {
  readonly shards: readonly {
    readonly shard: string;
    /** The signed note, cosignatures included. */
    readonly note: string;
    /** RFC 3161 time-stamp of exactly that note, base64. */
    readonly stamp: string | null;
    /** What could not be had, in words. */
    readonly missing: readonly string[];
  }[];
  /** Verifier keys of the configured witnesses. */
  readonly witnesses: readonly string[];
  /** Root certificates of the configured authority, PEM. */
  readonly tsaCa: string | null;
}

/** Has every log's newest checkpoint cosigned and stamped, in a bounded time. @throws {EvidenceError} `unavailable` */
export type AttestingService = () => Promise<Attestations>;

/** Writes audit events and finds them again in the log. */
export interface AuditTrail {
  /**
   * Resolves once the event is committed to the log and catalogued, its segment having been closed at once.
   *
   * @throws {EvidenceError} `unavailable`
   */
  record(event: {
    readonly actor: string;
    readonly action: AuditAction;
    readonly matter: string;
    readonly subject: string;
    readonly detail: Readonly<Record<string, JsonValue>>;
  }): Promise<void>;
}

/** What an audit event's detail can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
