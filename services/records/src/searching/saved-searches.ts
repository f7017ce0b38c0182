import { type HitCounts, parseQuery } from "@daybook/catalogue";
import type { Principal } from "@daybook/runtime";
import { randomUUID } from "node:crypto";
import { type Finding, findingOf } from "./findings.ts";
import type { Unconfirmed } from "../participants/parties.ts";
import type { Searching } from "./search.ts";
import type { SearchFilters } from "./search-facts.ts";
import type { SavedSearch, SearchLog } from "./search-log.ts";
import type { MatterSelection } from "./selection.ts";

export interface ResultPage {
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
  /** By network and kind, of what `total` counts; null on later pages. */
  readonly counts: HitCounts | null;
  readonly results: readonly Finding[];
  readonly unconfirmed: readonly Unconfirmed[];
  readonly next: string | null;
}

/** Results that the figures of a search are taken with: as many as a first page has. */
const FIRST_PAGE = 25;

/** Searches that have an id, so that what was asked need not be said again. */
export class SavedSearches {
  readonly #searching: Searching;
  readonly #log: SearchLog;
  readonly #selection: MatterSelection;

  constructor(of: { searching: Searching; log: SearchLog; selection: MatterSelection }) {
    this.#searching = of.searching;
    this.#log = of.log;
    this.#selection = of.selection;
  }

  /** Searches, and answers with figures alone. To repeat it is another search. */
  async make(
    of: { words: string; filters: SearchFilters; matter: string },
    principal: Principal,
  ): Promise<SavedSearch> {
    const search = randomUUID();
    const filters = await this.#searching.settled(of.filters);
    await this.#searching.ask(
      { ...of, filters, limit: FIRST_PAGE, search, action: "search", shown: false },
      principal,
    );
    return this.#log.get(of.matter, search);
  }

  /** One page of a search as it finds now. */
  async results(
    of: { search: string; matter: string; limit: number; cursor?: string | undefined },
    principal: Principal,
  ): Promise<ResultPage> {
    const { words, filters } = await this.#log.get(of.matter, of.search);
    const asked = { ...of, words, filters, action: "search.read", shown: true, counted: true } as const;
    const { page, opened, unconfirmed } = await this.#searching.ask(asked, principal);
    const query = parseQuery(words);
    const selected = await this.#selection.among(
      of.matter,
      page.results.map(({ id }) => id),
    );
    return {
      total: page.total,
      totalIsExact: page.totalIsExact,
      counts: page.counts ?? null,
      results: page.results.flatMap((ref, at) => {
        const record = opened[at];
        return record ? [findingOf(ref, record, query, selected.has(ref.id))] : [];
      }),
      unconfirmed,
      next: page.next ?? null,
    };
  }
}
