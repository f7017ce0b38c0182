import { z } from "zod";
import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import type { Participants } from "../participants/participants.ts";
import type { Posts } from "../posts/posts.ts";
import type { Registry } from "../registry.ts";
import { askedPlace, searchFilters, type SearchFilters } from "./search-facts.ts";

/** A search that was made under a matter. */
export interface SavedSearch {
  readonly id: string;
  /** `name` is null for whom the registry does not know. */
  readonly by: { readonly id: string; readonly name: string | null };
  readonly at: string;
  readonly words: string;
  readonly filters: SearchFilters;
  /** Names behind the ids of `filters`. */
  readonly names: { readonly custodian?: string; readonly post?: string; readonly participant?: string };
  /** As it was then; a floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
}

interface SearchRow {
  readonly id: string;
  readonly actor: string;
  readonly name: Buffer | null;
  readonly at: Date;
  readonly asked: Buffer;
  readonly total: string;
  readonly exact: boolean;
}

const asked = z.strictObject({ words: z.string(), filters: searchFilters });

const OF_MATTER = `SELECT id, actor, name, at, asked, total, exact FROM (
  SELECT s.id, s.actor, p.name, s.at, s.asked, s.total, s.exact FROM records.search s
  LEFT JOIN records.person p ON p.id = s.actor WHERE s.matter = $1) made`;

const NEWEST_FIRST: Order<SearchRow> = {
  list: "searches",
  newestFirst: true,
  columns: [
    { sql: "at", type: "timestamptz", of: (row) => row.at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** The searches that were made under each matter: the evidence that a search was a reasonable one. */
export class SearchLog {
  readonly #database: Database;
  readonly #cells: Cells;
  readonly #registry: Registry;
  readonly #posts: Posts;
  readonly #participants: Participants;

  constructor(options: {
    database: Database;
    cells: Cells;
    registry: Registry;
    posts: Posts;
    participants: Participants;
  }) {
    this.#database = options.database;
    this.#cells = options.cells;
    this.#registry = options.registry;
    this.#posts = options.posts;
    this.#participants = options.participants;
  }

  /** Newest first, of a matter that may be closed. */
  async list(matter: string, request: PageRequest): Promise<Page<SavedSearch>> {
    const { entries, next } = await readPage(this.#database, OF_MATTER, NEWEST_FIRST, request, [matter]);
    const names = new Map<string, Promise<string>>();
    return { entries: await Promise.all(entries.map((row) => this.#saved(row, names))), next };
  }

  /** @throws {RecordsError} `not-found`: none of this matter has that id */
  async get(matter: string, id: string): Promise<SavedSearch> {
    const [row] = await this.#database.query<SearchRow>(`${OF_MATTER} WHERE id = $2`, [matter, id]);
    if (!row) throw new RecordsError("not-found", "no such search was made under that matter");
    return this.#saved(row, new Map());
  }

  async #saved(row: SearchRow, names: Map<string, Promise<string>>): Promise<SavedSearch> {
    const parsed = asked.safeParse(JSON.parse(this.#cells.open(askedPlace(row.id), row.asked)));
    if (!parsed.success)
      throw new RecordsError("corrupt", "a search in the registry is not what it should be");
    const { words, filters } = parsed.data;
    const named = async (id: string, find: () => Promise<string>) => {
      const known = names.get(id) ?? find();
      names.set(id, known);
      return known;
    };
    const { custodian, post, participant } = filters;
    return {
      id: row.id,
      by: {
        id: row.actor,
        name: row.name && this.#cells.open(PLACES.person(row.actor), row.name),
      },
      at: row.at.toISOString(),
      words,
      filters,
      names: {
        ...(custodian === undefined
          ? {}
          : { custodian: await named(custodian, async () => (await this.#registry.find(custodian)).name) }),
        ...(post === undefined
          ? {}
          : { post: await named(post, async () => (await this.#posts.get(post)).title) }),
        ...(participant === undefined
          ? {}
          : {
              participant: await named(
                participant,
                async () => (await this.#participants.get(participant)).name,
              ),
            }),
      },
      total: Number(row.total),
      totalIsExact: row.exact,
    };
  }
}
