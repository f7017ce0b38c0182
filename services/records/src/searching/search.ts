import type { ArchiveRecord } from "@daybook/archive-core";
import type { Audit, EventKind, Network } from "@daybook/contract";
import {
  type CatalogueReader,
  type Filters,
  type ReadTexts,
  type SearchPage,
  SEARCHED_KINDS,
} from "@daybook/catalogue";
import type { Principal } from "@daybook/runtime";
import { randomUUID } from "node:crypto";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import type { Matters } from "../matters/matters.ts";
import type { Parties, Unconfirmed } from "../participants/parties.ts";
import type { Participants } from "../participants/participants.ts";
import type { Posts } from "../posts/posts.ts";
import { type Reading, requireAuditor } from "../reading.ts";
import type { Registry } from "../registry.ts";
import type { AuditTrail } from "../trail.ts";
import { keepSearch, type SearchFilters, searchOf } from "./search-facts.ts";

export interface SearchRequest {
  readonly words: string;
  readonly matter: string;
  /** Name or id. */
  readonly custodian?: string | undefined;
  /** Name or id. */
  readonly participant?: string | undefined;
  readonly network?: readonly Network[] | undefined;
  /** Id or exact title. */
  readonly conversation?: string | undefined;
  readonly account?: string | undefined;
  readonly sender?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly kind?: readonly EventKind[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface SearchResult {
  readonly id: string;
  readonly kind: EventKind;
  readonly network: Network;
  readonly conversation: { readonly id: string; readonly title: string } | null;
  /** The name, as the source has it. */
  readonly sender: string | null;
  /** RFC 3339; without a zone where the source names none. */
  readonly at: string;
  /** Of a gap: why it is one. */
  readonly text: string | null;
  readonly attachments: readonly { name: string; mediaType: string; sizeBytes: number; sha256: string }[];
}

export interface SearchAnswer {
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
  readonly results: readonly SearchResult[];
  /** Of the numbers of whom it is narrowed by: what is not theirs until somebody says so. */
  readonly unconfirmed: readonly Unconfirmed[];
  readonly next: string | null;
}

/** What a search selects by, with names made ids, and what its audit event says of it. */
export interface Selection {
  readonly words?: string | undefined;
  readonly custodian?: string | undefined;
  readonly network?: readonly Network[] | undefined;
  readonly conversation?: string | undefined;
  readonly account?: string | undefined;
  readonly sender?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly kind?: readonly EventKind[] | undefined;
}

/** One page of a search, and what its audit event says of it. */
export interface Question {
  readonly words: string;
  /** Its custodian by id: see `Searching.settled`. */
  readonly filters: SearchFilters;
  readonly matter: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Of the search: what was made now goes to the log of searches, what is read again is there. */
  readonly search?: string | undefined;
  readonly action: "search" | "search.read";
  /** Whether the records are shown, not the figures alone. */
  readonly shown: boolean;
  /** Whether the first page says how many there are by network and kind. */
  readonly counted?: boolean;
}

/** As JSON has it: nothing that is undefined. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as NonNullable<Audit["detail"]>;

const BEGINNING = "0001-01-01T00:00:00.000Z";

/** Finds records under a matter. */
export class Searching {
  readonly #catalogue: CatalogueReader;
  readonly #registry: Registry;
  readonly #posts: Posts;
  readonly #participants: Participants;
  readonly #matters: Matters;
  readonly #reading: Reading;
  readonly #trail: AuditTrail;
  readonly #database: Database;
  readonly #cells: Cells;

  constructor(of: {
    catalogue: CatalogueReader;
    registry: Registry;
    posts: Posts;
    participants: Participants;
    matters: Matters;
    reading: Reading;
    trail: AuditTrail;
    database: Database;
    cells: Cells;
  }) {
    this.#catalogue = of.catalogue;
    this.#registry = of.registry;
    this.#posts = of.posts;
    this.#participants = of.participants;
    this.#matters = of.matters;
    this.#reading = of.reading;
    this.#trail = of.trail;
    this.#database = of.database;
    this.#cells = of.cells;
  }

  /** One page, newest first, of a search that is made now: as the command line asks. */
  async page(request: SearchRequest, principal: Principal): Promise<SearchAnswer> {
    const { words, matter, limit, cursor, conversation: titled, network, kind, ...rest } = request;
    const filters = await this.settled({
      ...rest,
      ...(network ? { network: [...network] } : {}),
      ...(kind ? { kind: [...kind] } : {}),
      titled,
    });
    const first = cursor === undefined ? { search: randomUUID() } : {};
    const { page, opened, unconfirmed } = await this.ask(
      { words, filters, matter, limit, cursor, ...first, action: "search", shown: true },
      principal,
    );
    return {
      total: page.total,
      totalIsExact: page.totalIsExact,
      results: opened.flatMap((record) => (record ? [resultOf(record)] : [])),
      unconfirmed,
      next: page.next ?? null,
    };
  }

  /**
   * One page of what was found, and those records, in the same order; undefined for one that was disposed of since.
   * Resolved once its audit event, which says what was found, is durable and, of a search made now, in the log of
   * searches. Where the latter fails it gets there all the same, with what is next read of the audit log.
   *
   * @throws {RecordsError} `no-such-matter`, `matter-closed`, `unavailable`
   */
  async ask(
    question: Question,
    principal: Principal,
  ): Promise<{
    page: SearchPage;
    opened: (ArchiveRecord | undefined)[];
    unconfirmed: readonly Unconfirmed[];
  }> {
    const { words, filters: asked, matter, limit, cursor, search, action, shown, counted = false } = question;
    if (asked.kind?.includes("audit")) requireAuditor(principal);
    await this.#matters.required(matter);
    const outside = await this.#outside(asked);
    const filters = await this.#filtersOf(asked, outside);
    const page = await this.#catalogue.search({
      words,
      filters,
      limit,
      counted,
      texts: this.texts,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const opening = this.#reading.open(shown ? page.results : []);
    opening.catch(() => undefined);
    const event = this.#trail.draft({
      actor: principal.id,
      action,
      matter,
      detail: {
        ...(search === undefined ? {} : { search }),
        words,
        asked: plain(asked),
        filters: plain(filters),
        further: cursor !== undefined,
        total: page.total,
        totalIsExact: page.totalIsExact,
        results: page.results.map((ref) => ref.id),
      },
    });
    await this.#trail.publish(event);
    const fact = searchOf(event.event.audit as Audit, event.event.capturedAt);
    if (fact) await keepSearch(this.#database, fact, this.#cells, { now: true });
    return { page, opened: await opening, unconfirmed: outside?.unconfirmed ?? [] };
  }

  /**
   * What was asked, its custodian, post and participant by id.
   *
   * @throws {RecordsError} `no-such-custodian`, `ambiguous-custodian`; `not-found`, `conflict`: of the others
   */
  async settled(asked: {
    [Name in keyof SearchFilters]: SearchFilters[Name] | undefined;
  }): Promise<SearchFilters> {
    const given = JSON.parse(JSON.stringify(asked)) as SearchFilters;
    const { custodian, post, participant } = given;
    return {
      ...given,
      ...(custodian === undefined ? {} : { custodian: (await this.#registry.find(custodian)).id }),
      ...(post === undefined ? {} : { post: (await this.#posts.find(this.#database, post)).id }),
      ...(participant === undefined ? {} : { participant: (await this.#participants.find(participant)).id }),
    };
  }

  /** The catalogue's filters for what was asked. */
  async filtersOf(asked: SearchFilters): Promise<Filters> {
    return this.#filtersOf(asked, await this.#outside(asked));
  }

  async #outside({ participant }: SearchFilters): Promise<Parties | undefined> {
    return participant === undefined ? undefined : this.#participants.parties(participant);
  }

  async #filtersOf(asked: SearchFilters, outside: Parties | undefined): Promise<Filters> {
    const { custodian, post, participant: _, conversation, titled, kind, ...rest } = asked;
    return {
      ...(custodian === undefined ? {} : { custodian }),
      ...(outside === undefined ? {} : { parties: outside.parties }),
      ...(conversation === undefined ? {} : { conversationKey: conversation }),
      ...(titled === undefined ? {} : { conversation: titled }),
      ...(post === undefined ? {} : { held: await this.#held(post) }),
      ...(JSON.parse(JSON.stringify(rest)) as Filters),
      kinds: kind ?? SEARCHED_KINDS,
    };
  }

  async #held(post: string): Promise<NonNullable<Filters["held"]>> {
    const holders = await this.#posts.holders(post, { from: BEGINNING, to: null });
    return holders.map(({ custodian, from, to }) => ({
      custodian: custodian.id,
      from,
      ...(to === null ? {} : { to }),
    }));
  }

  /** The catalogue's filters for what was asked. @throws {RecordsError} `no-such-custodian`, `ambiguous-custodian` */
  async filters(of: Selection): Promise<Filters> {
    const { custodian, conversation, account, sender, network, from, to, kind } = of;
    return {
      ...(custodian === undefined ? {} : { custodian: (await this.#registry.find(custodian)).id }),
      ...(conversation === undefined ? {} : { conversation }),
      ...(account === undefined ? {} : { account }),
      ...(sender === undefined ? {} : { sender }),
      ...(network === undefined ? {} : { network }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      kinds: kind ?? SEARCHED_KINDS,
    };
  }

  /** Reads the texts of candidates, for phrases. */
  readonly texts: ReadTexts = async (refs) => (await this.#reading.open(refs)).map((record) => record?.text);
}

function resultOf(record: ArchiveRecord): SearchResult {
  const { id, kind, network, conversation, sender, attachments = [] } = record;
  return {
    id,
    kind,
    network,
    conversation: conversation ? { id: conversation.id, title: conversation.title } : null,
    // Carriers give a number alone.
    sender: sender ? sender.name || sender.id : null,
    at: record.sentAt ?? record.localTime ?? record.capturedAt,
    text: record.text ?? record.gap?.why ?? null,
    attachments: attachments.map(({ name, mediaType, sizeBytes, sha256 }) => ({
      name,
      mediaType,
      sizeBytes,
      sha256,
    })),
  };
}
