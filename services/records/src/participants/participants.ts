import { randomUUID } from "node:crypto";
import type { CatalogueReader } from "@daybook/catalogue";
import type { z } from "zod";
import { type Cells, foldName } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import { foldIdentifier } from "../posts/custody.ts";
import type { accountNetwork } from "../posts/post-facts.ts";
import { type Parties, partiesOf } from "./parties.ts";
import { participantPlaces as PLACES } from "./places.ts";

/** Somebody outside, with whom officials write. */
export interface Participant {
  readonly id: string;
  readonly name: string;
  readonly addedAt: string;
}

type Network = z.infer<typeof accountNetwork>;

/** What a network calls somebody, while it is them: `from` is in it, `to` is not; null where nobody said. */
export interface ParticipantIdentifier {
  readonly id: string;
  readonly network: Network;
  readonly identifier: string;
  readonly from: string | null;
  readonly to: string | null;
}

interface Row {
  readonly id: string;
  readonly name: Buffer;
  readonly added_at: Date;
}

interface IdentifierRow {
  readonly id: string;
  readonly network: Network;
  readonly value: Buffer;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly sure_from: Date;
  readonly sure_to: Date;
}

const SELECT = "SELECT id, name, added_at FROM records.participant";
const OLDEST_FIRST: Order<Row> = {
  list: "participants",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};
/** A search lists each in several ways of writing: no more than 1,000 of them. */
const MAX_IDENTIFIERS = 100;

/**
 * People outside. A record names whom its network names; that several of those are one person, somebody says here, for a
 * time: nothing is merged by itself, because numbers come back to other people.
 */
export class Participants {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #catalogue: Pick<CatalogueReader, "partyRuns">;

  constructor(of: {
    database: Database;
    changes: Changes;
    cells: Cells;
    catalogue: Pick<CatalogueReader, "partyRuns">;
  }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#catalogue = of.catalogue;
  }

  /** In the order they were added. */
  async list(request: PageRequest): Promise<Page<Participant>> {
    const { entries, next } = await readPage(this.#database, SELECT, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#participant(row)), next };
  }

  /** @throws {RecordsError} `not-found` */
  get(id: string): Promise<Participant> {
    return this.#require(this.#database, id);
  }

  /** Of that name or id. @throws {RecordsError} `not-found`; `conflict`: more than one has the name */
  async find(nameOrId: string): Promise<Participant> {
    const rows = await this.#database.query<Row>(`${SELECT} WHERE name_key = $1 OR id::text = $2 LIMIT 2`, [
      this.#cells.lookup("participant", foldName(nameOrId)),
      nameOrId,
    ]);
    const [row] = rows;
    if (!row) throw new RecordsError("not-found", "nobody outside has that name: see how it is spelt");
    if (rows.length > 1) throw new RecordsError("conflict", "more than one has that name: give the id");
    return this.#participant(row);
  }

  /** Two may have one name. */
  async add(name: string, reason: string, actor: string): Promise<Participant> {
    if (foldName(name) === "") throw new RecordsError("bad-request", "a participant has a name");
    const id = randomUUID();
    const fact = { action: "participant.add", detail: { id, name, reason } } as const;
    await this.#changes.make(actor, () => Promise.resolve({ fact, result: undefined }));
    return this.get(id);
  }

  /** By network and time: no more than 100. */
  async identifiers(participant: string): Promise<ParticipantIdentifier[]> {
    return (await this.#identifiers(participant)).map(({ id, network, identifier, from, to }) => ({
      ...{ id, network, identifier },
      from: from && from.toISOString(),
      to: to && to.toISOString(),
    }));
  }

  /**
   * Says that a number or address was theirs, for a time.
   *
   * @throws {RecordsError} `not-found`; `conflict`: it is somebody's within that time; `too-many`; `bad-request`: it ends
   * before it begins
   */
  identify(
    participant: string,
    of: Omit<ParticipantIdentifier, "id">,
    reason: string,
    actor: string,
  ): Promise<{ id: string }> {
    const { network, identifier, from, to } = of;
    requireSpan(from, to);
    return this.#changes.make(actor, async (tx) => {
      await this.#require(tx, participant);
      const [taken] = await tx.query(
        `SELECT FROM records.participant_identifier
         WHERE network = $1 AND value_key = $2 AND valid && tstzrange($3, $4)`,
        [
          network,
          this.#cells.lookup("participant-identifier", network, foldIdentifier(identifier)),
          from,
          to,
        ],
      );
      if (taken) throw new RecordsError("conflict", "that is somebody's within that time already");
      const [count] = await tx.query<{ held: number }>(
        "SELECT count(*)::int AS held FROM records.participant_identifier WHERE participant = $1",
        [participant],
      );
      if ((count?.held ?? 0) >= MAX_IDENTIFIERS)
        throw new RecordsError("too-many", `nobody has more than ${MAX_IDENTIFIERS} numbers and addresses`);
      const id = randomUUID();
      const detail = { id, participant, network, identifier, from, to, reason };
      return { fact: { action: "participant.identify", detail }, result: { id } };
    });
  }

  /**
   * From an instant on it is not theirs; without one it never was. Repeating it is harmless.
   *
   * @throws {RecordsError} `not-found`; `bad-request`: it begins later
   */
  async release(id: string, to: string | null, reason: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ from: Date | null; to: Date | null }>(
        "SELECT lower(valid) AS from, upper(valid) AS to FROM records.participant_identifier WHERE id = $1",
        [id],
      );
      if (!row) throw new RecordsError("not-found", "no such number or address of somebody outside is noted");
      const before = row.to && row.to.toISOString();
      if (to !== null && before === to) return { result: undefined };
      requireSpan(row.from && row.from.toISOString(), to);
      return {
        fact: { action: "participant.release", detail: { id, to, before, reason } },
        result: undefined,
      };
    });
  }

  /**
   * Says that a number was theirs at an instant too, and so on both sides of the silence before or after it. Repeating it
   * is harmless.
   *
   * @throws {RecordsError} `not-found`; `bad-request`: it is not theirs then, by what was said of it
   */
  async confirm(id: string, at: string, reason: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ fits: boolean; known: boolean }>(
        `SELECT valid @> $2::timestamptz AS fits, $2::timestamptz BETWEEN sure_from AND sure_to AS known
         FROM records.participant_identifier WHERE id = $1`,
        [id, at],
      );
      if (!row) throw new RecordsError("not-found", "no such number or address of somebody outside is noted");
      if (!row.fits)
        throw new RecordsError("bad-request", "by what was said of it, it is not theirs at that time");
      if (row.known) return { result: undefined };
      return { fact: { action: "participant.confirm", detail: { id, at, reason } }, result: undefined };
    });
  }

  /** As a search is narrowed by them, and what that leaves out. Looks into the catalogue for each number. */
  async parties(participant: string): Promise<Parties> {
    return partiesOf(await this.#identifiers(participant), this.#catalogue);
  }

  async #identifiers(participant: string) {
    const rows = await this.#database.query<IdentifierRow>(
      `SELECT id, network, value, lower(valid) AS from, upper(valid) AS to, sure_from, sure_to
       FROM records.participant_identifier WHERE participant = $1 ORDER BY network, valid LIMIT ${MAX_IDENTIFIERS}`,
      [participant],
    );
    return rows.map(({ value, ...row }) => ({
      ...row,
      identifier: this.#cells.open(PLACES.participantIdentifier(row.id), value),
    }));
  }

  async #require(tx: Tx, id: string): Promise<Participant> {
    const [row] = await tx.query<Row>(`${SELECT} WHERE id = $1`, [id]);
    if (!row) throw new RecordsError("not-found", "there is nobody outside of that id");
    return this.#participant(row);
  }

  #participant({ id, name, added_at }: Row): Participant {
    return {
      id,
      name: this.#cells.open(PLACES.participant(id), name),
      addedAt: added_at.toISOString(),
    };
  }
}

function requireSpan(from: string | null, to: string | null): void {
  if (from !== null && to !== null && from >= to)
    throw new RecordsError("bad-request", "what is theirs for a time ends after it begins");
}
