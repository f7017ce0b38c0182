import type { ArchiveRecord } from "@daybook/archive-core";
import type { CatalogueReader, Filters } from "@daybook/catalogue";
import { eventKind, sortTime } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import { randomUUID } from "node:crypto";
import { PLACES } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Changes } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { type HoldPredicate, holdPredicate } from "./facts.ts";
import type { Matters } from "./matters/matters.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";
import { requireAnother, requirePerson } from "./persons.ts";

export interface Hold {
  readonly id: string;
  readonly matter: string;
  readonly reason: string;
  readonly predicate: HoldPredicate;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly releasedAt: string | null;
  /** A release that waits for another person. */
  readonly release: {
    readonly id: string;
    readonly reason: string;
    readonly proposedBy: string;
    readonly proposedAt: string;
  } | null;
}

/** A hold in force, as it is judged by. */
export interface ActiveHold {
  readonly id: string;
  readonly predicate: HoldPredicate;
}

interface HoldRow {
  readonly id: string;
  readonly matter: string;
  readonly reason: Buffer;
  readonly predicate: Buffer;
  readonly placed_by: string;
  readonly placed_at: Date;
  readonly released_at: Date | null;
  readonly release: string | null;
  readonly release_reason: Buffer | null;
  readonly proposed_by: string | null;
  readonly proposed_at: Date | null;
}

const SELECT = `
  SELECT h.id, h.matter, h.reason, h.predicate, h.placed_by, h.placed_at, h.released_at,
    r.id AS release, r.reason AS release_reason, r.proposed_by, r.proposed_at
  FROM records.hold h LEFT JOIN LATERAL (
    SELECT * FROM records.hold_release r WHERE r.hold = h.id AND r.approved_at IS NULL AND h.released_at IS NULL
    ORDER BY proposed_at DESC, id LIMIT 1) r ON true`;
const NEWEST_FIRST: Order<HoldRow> = {
  list: "holds",
  newestFirst: true,
  columns: [
    { sql: "h.placed_at", type: "timestamptz", of: (row) => row.placed_at },
    { sql: "h.id", type: "uuid", of: (row) => row.id },
  ],
};
/** In force at one time: every disposal judges by each of them. */
const MAX_HOLDS = 1_000;

/** Holds: what may not be disposed of while they last. One person places one; two release it. */
export class Holds {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #matters: Matters;
  readonly #catalogue: CatalogueReader;

  constructor(of: {
    database: Database;
    changes: Changes;
    cells: Cells;
    matters: Matters;
    catalogue: CatalogueReader;
  }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#matters = of.matters;
    this.#catalogue = of.catalogue;
  }

  /** In force once resolved: no disposal that begins later destroys what it covers, captured since or not. */
  async add(
    of: { matter: string; reason: string; predicate: HoldPredicate },
    principal: Principal,
  ): Promise<Hold> {
    if (Object.keys(of.predicate).length === 0) {
      throw new RecordsError(
        "bad-request",
        "say what is held: a custodian, a network, a conversation, times, kinds or ids",
      );
    }
    const id = randomUUID();
    await this.#changes.make(principal.id, async (tx) => {
      await this.#matters.required(of.matter, tx);
      const [count] = await tx.query<{ count: string }>(
        "SELECT count(*) FROM records.hold WHERE released_at IS NULL",
      );
      if (Number(count?.count) >= MAX_HOLDS) throw new RecordsError("too-many", "there are too many holds");
      return { fact: { action: "hold.add", matter: of.matter, detail: { ...of, id } }, result: undefined };
    });
    return this.get(id);
  }

  /** Proposes to end a hold. @throws {RecordsError} `not-found`, `conflict`, `not-a-person` */
  async proposeRelease(id: string, reason: string, principal: Principal): Promise<Hold> {
    requirePerson(principal);
    await this.#changes.make(principal.id, async (tx) => {
      const hold = await this.#active(tx, id);
      if (hold.release) throw new RecordsError("conflict", "a release of that hold waits for approval");
      const release = randomUUID();
      return {
        fact: { action: "hold.propose-release", matter: hold.matter, detail: { id, release, reason } },
        result: undefined,
      };
    });
    return this.get(id);
  }

  /** Ends a hold. @throws {RecordsError} `not-found`, `conflict`, `same-person`, `not-a-person` */
  async approveRelease(id: string, principal: Principal): Promise<Hold> {
    await this.#changes.make(principal.id, async (tx) => {
      const { release, matter } = await this.#active(tx, id);
      if (!release) throw new RecordsError("conflict", "nobody proposed to release that hold");
      requireAnother(principal, release.proposedBy);
      return {
        fact: { action: "hold.release", matter, detail: { id, release: release.id } },
        result: undefined,
      };
    });
    return this.get(id);
  }

  /** Newest first. */
  async list(request: PageRequest): Promise<Page<Hold>> {
    const { entries, next } = await readPage(this.#database, SELECT, NEWEST_FIRST, request);
    return { entries: entries.map((row) => this.#hold(row)), next };
  }

  async get(id: string): Promise<Hold> {
    return this.#get(this.#database, id);
  }

  /** How many records a hold covers now; of one that lists ids, how many of those there are. */
  async covered({ predicate }: ActiveHold): Promise<number> {
    if (predicate.ids) return (await this.#catalogue.byIds(predicate.ids)).length;
    return this.#catalogue.count({ filters: filtersOf(predicate) });
  }

  /** Those in force, as of this transaction. */
  async active(tx: Tx = this.#database): Promise<ActiveHold[]> {
    const rows = await tx.query<{ id: string; predicate: Buffer }>(
      "SELECT id, predicate FROM records.hold WHERE released_at IS NULL ORDER BY placed_at, id",
    );
    return rows.map(({ id, predicate }) => ({ id, predicate: this.#predicate(id, predicate) }));
  }

  /** Whether a hold covers a record that cites this imported file. @param key the file's, in the catalogue */
  async coversFile({ predicate }: ActiveHold, file: { sha256: string; key: string }): Promise<boolean> {
    if (predicate.ids) {
      return (await this.#catalogue.byIds(predicate.ids)).some((ref) => ref.keys.source === file.key);
    }
    return (await this.#catalogue.count({ filters: { ...filtersOf(predicate), source: file.sha256 } })) > 0;
  }

  async #active(tx: Tx, id: string): Promise<Hold> {
    const hold = await this.#get(tx, id);
    if (hold.releasedAt !== null) throw new RecordsError("conflict", "that hold has been released");
    return hold;
  }

  async #get(tx: Tx, id: string): Promise<Hold> {
    const [row] = await tx.query<HoldRow>(`${SELECT} WHERE h.id = $1`, [id]);
    if (!row) throw new RecordsError("not-found", "there is no such hold");
    return this.#hold(row);
  }

  #hold(row: HoldRow): Hold {
    const { release, release_reason: why, proposed_by: by, proposed_at: at } = row;
    return {
      id: row.id,
      matter: row.matter,
      reason: this.#cells.open(PLACES.holdReason(row.id), row.reason),
      predicate: this.#predicate(row.id, row.predicate),
      placedBy: row.placed_by,
      placedAt: row.placed_at.toISOString(),
      releasedAt: row.released_at && row.released_at.toISOString(),
      release:
        release && why && by && at
          ? {
              id: release,
              reason: this.#cells.open(PLACES.releaseReason(release), why),
              proposedBy: by,
              proposedAt: at.toISOString(),
            }
          : null,
    };
  }

  #predicate(id: string, cell: Buffer): HoldPredicate {
    return holdPredicate.parse(JSON.parse(this.#cells.open(PLACES.predicate(id), cell)));
  }
}

/** What a predicate without ids finds in the catalogue. */
export function filtersOf({ custodian, network, conversation, from, to, kinds }: HoldPredicate): Filters {
  return {
    ...(custodian === undefined ? {} : { custodian }),
    ...(network === undefined ? {} : { network }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    kinds: eventKind.options.filter((kind) => kinds?.includes(kind) ?? true),
  };
}

/** Whether a hold covers a record: judged by the record itself, never by an index. */
export function covers(predicate: HoldPredicate, record: ArchiveRecord): boolean {
  const { custodian, network, conversation, from, to, kinds, ids } = predicate;
  const at = sortTime(record);
  return (
    (custodian === undefined || record.custodian?.id === custodian) &&
    (network === undefined || record.network === network) &&
    (conversation === undefined ||
      record.conversation?.id === conversation ||
      record.conversation?.title.normalize("NFC") === conversation.normalize("NFC")) &&
    (from === undefined || at >= from) &&
    (to === undefined || at <= to) &&
    (kinds === undefined || kinds.includes(record.kind)) &&
    (ids === undefined || ids.includes(record.id))
  );
}
