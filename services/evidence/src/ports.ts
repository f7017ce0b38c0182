/** A matter, as the records service keeps it. */
export interface Matter {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly closedAt: string | null;
}

/** What evidence needs of the records service. */
export interface RecordsService {
  /** @throws {EvidenceError} `no-such-matter`, `unavailable` */
  matter(id: string): Promise<Matter>;
  /** The id of a custodian named by name or id. @throws {EvidenceError} `no-such-custodian`, `unavailable` */
  custodian(name: string): Promise<string>;
  /** Records that were disposed of, with the audit record that certifies it. */
  disposals(): AsyncIterable<{ id: string; auditId: string; shard: string; index: number }>;
}

/** Writes audit events and finds them again in the log. */
export interface AuditTrail {
  /**
   * Resolves once the event is committed to the log and catalogued, its segment having been closed at once.
   *
   * @throws {EvidenceError} `unavailable`
   */
  record(event: {
    readonly actor: string;
    readonly action: string;
    readonly matter: string;
    readonly subject: string;
    readonly detail: Readonly<Record<string, JsonValue>>;
  }): Promise<void>;
}

/** What an audit event's detail can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
