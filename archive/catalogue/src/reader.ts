import type { Network } from "@daybook/contract";
import { type Acquire, acquireWithin } from "./acquire-within.ts";
import { type AuditReader, createAuditReader } from "./audits.ts";
import type { CellOpener } from "./cells.ts";
import { kindCode, networkCode } from "./codes.ts";
import { uuid } from "./columns.ts";
import type { CataloguePool, CatalogueSession } from "./connection.ts";
import { CatalogueError } from "./error.ts";
import { columnsOfFilters, type Filters, type PartyThen } from "./filters.ts";
import { createIdentifiers } from "./identifiers.ts";
import { participantsOf, type ParticipantNames } from "./people.ts";
import { planTokens } from "./plan.ts";
import { parseQuery } from "./query.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "./record-ref.ts";
import {
  countHits,
  searchPage,
  selectHits,
  type PreparedSearch,
  type ReadTexts,
  type SearchPage,
} from "./search.ts";
import { listeningOf, type ListeningOf, listeningPagesOf } from "./listening.ts";
import { type PartyRun, partyRunsOf } from "./runs.ts";
import { createStatistics } from "./statistics.ts";
import { createThreadReader, type ThreadReader } from "./thread/reader.ts";
import { createTokeniser } from "./tokens.ts";
import { createCellReader, createVocabulary } from "./vocabulary.ts";
import { type Extent, extentsOf, talliesOf, type Tally } from "./tallies.ts";
import { type Volume, volumesOf } from "./volumes.ts";

/** Words (see `parseQuery`) and filters; neither finds everything of the searched kinds. */
export interface Search {
  readonly words?: string;
  readonly filters?: Filters;
}

/** Sees what row-level security lets it see: nothing disposed of, nothing out of scope. */
export interface CatalogueReader {
  /**
   * One page, newest first.
   *
   * @param search.texts reads candidates, for what tokens cannot decide (phrases, `e-mail`, three or more
   *   unspaced characters): 2,000 of them at most; the page may then be short and still have a `next`
   * @param search.limit 1 to 500, default 25
   * @param search.counted with the first page, how many hits there are by network and kind
   * @throws {CatalogueError} `bad-query`, `bad-filter`, `bad-cursor`, `unavailable`
   */
  search(
    search: Search & { limit?: number; cursor?: string; texts?: ReadTexts; counted?: boolean },
  ): Promise<SearchPage>;

  /**
   * Everything that a search finds, in the order of the logs, in pieces, in one snapshot. Holds a connection
   * until it ends.
   */
  select(search: Search & { texts?: ReadTexts }): AsyncGenerator<readonly RecordRef[], void, undefined>;

  /** How many a search finds, exactly; of phrases, how many candidates. May take as long as reading the table. */
  count(search: Search): Promise<number>;

  /** Whether rows are missing that a rebuild has yet to make again. */
  isRebuilding(): Promise<boolean>;

  /** In no particular order; those that are not there, or not to be seen, are left out. */
  byIds(ids: readonly string[]): Promise<RecordRef[]>;

  /** Records of these ids of the network's own: more than one where several accounts saw it. */
  byNetworkId(network: Network, networkIds: readonly string[]): Promise<RecordRef[]>;

  /** Edits, deletions, reactions and receipts whose target is one of these, and replies to them. */
  about(refs: readonly RecordRef[], which?: { replies?: boolean }): Promise<RecordRef[]>;

  /** What these are about or reply to, and their twins: other captures of the same. */
  named(refs: readonly RecordRef[]): Promise<RecordRef[]>;

  /** The notices of imported files. @param sha256 of the files, hex */
  noticesOf(sha256: readonly string[]): Promise<RecordRef[]>;

  /** The notices of the imported files that these records cite. */
  noticesFor(refs: readonly RecordRef[]): Promise<RecordRef[]>;

  /**
   * Gaps and coverage whose interval meets this one: was Daybook listening? Ordered by their beginning. All of them, those of one
   * conversation among them, for whoever must leave none out: a page of a thread asks `threads.listening`.
   *
   * @param about.from inclusive, as in `Filters`
   */
  listening(about: Pick<Filters, "custodian" | "network" | "account" | "from" | "to">): Promise<RecordRef[]>;

  /** As `listening`, of any number of them. See `listeningPagesOf`. */
  listeningPages(about: ListeningOf, size: number): AsyncGenerator<RecordRef[], void, undefined>;

  readonly audits: AuditReader;

  /** Conversations, and what is in them in the order of time. */
  readonly threads: ThreadReader;

  /** Messages a day, by account: see `volumesOf`. */
  volumes(of: { from: string; to: string; zone: string }): Promise<Volume[]>;

  /** Records a day, by account and kind: see `talliesOf`. */
  tallies(of: { from: string; to: string; zone: string }): Promise<Tally[]>;

  /** How much there is of each account, and from when to when. Reads all that the reader sees: narrow it first. */
  extents(): Promise<Extent[]>;

  /** When a number or address was in use: see `partyRunsOf`. */
  partyRuns(party: PartyThen, silenceMs: number): Promise<PartyRun[]>;

  /** The keyed identifier of an account, as in `RecordRef.keys`. @param account as its network notes it */
  accountKey(network: Network, account: string): string;

  /** Names behind the keys of senders and custodians. */
  participants(keys: readonly string[]): Promise<ParticipantNames[]>;

  /** A reader that sees only the records of these custodians. */
  within(custodians: readonly string[]): CatalogueReader;
}

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 25;
/** Keys of one look-up. */
const CHUNK_KEYS = 5_000;

/**
 * @param pool opened as `reader`
 * @param tokenKey 32 bytes, as the writer's
 * @param cells opens names and words: only the records service can
 */
export function createCatalogueReader(options: {
  pool: CataloguePool;
  tokenKey: Uint8Array;
  cells: CellOpener;
}): CatalogueReader {
  const { pool, tokenKey } = options;
  const identifiers = createIdentifiers(tokenKey);
  const tokeniser = createTokeniser(tokenKey);
  const openCell = createCellReader(pool, options.cells);
  const vocabulary = createVocabulary(pool, openCell);
  const statistics = createStatistics(pool);

  const titled = async (titleKey: bigint) => {
    const { rows } = await pool.query(
      "SELECT DISTINCT key FROM catalogue.conversation WHERE title_key = $1",
      [titleKey],
    );
    return rows.map(([key]) => String(key));
  };

  /** @param seen as in `Vocabulary.expand` */
  async function prepareFor(
    { words = "", filters = {} }: Search,
    seen: (() => Promise<(word: string) => boolean>) | undefined,
  ): Promise<PreparedSearch> {
    const query = parseQuery(words);
    const columns = await columnsOfFilters(filters, identifiers, titled);
    const { attachments } = filters;
    const plan = await planTokens(
      query,
      { token: (term) => tokeniser.token(term), expand: (prefix) => vocabulary.expand(prefix, seen) },
      attachments === undefined ? undefined : identifiers.of("media", attachments),
    );
    return { query, plan, filters: columns, name: JSON.stringify([words, filters]) };
  }

  function readerOver(acquire: Acquire, custodians: readonly bigint[] | undefined): CatalogueReader {
    const run = async <Result>(work: (session: CatalogueSession) => Promise<Result>): Promise<Result> => {
      const session = await acquire();
      try {
        return await work(session);
      } finally {
        await session.release();
      }
    };
    const seen = async () => {
      const { rows } = await run((session) => session.query("SELECT * FROM catalogue.scope_tokens()"));
      const tokens = new Set(rows.map(([token]) => BigInt(token ?? 0)));
      return (word: string) => tokens.has(tokeniser.token(word));
    };
    const prepare = (search: Search) => prepareFor(search, custodians && seen);
    const refs = async (where: string, values: readonly unknown[]) => {
      const { rows } = await run((session) =>
        session.query(`SELECT ${REF_COLUMNS} FROM ${REF_SOURCE} WHERE ${where}`, values),
      );
      return rows.map(refOf);
    };
    /** `where` holds for one of the keys, `$1`. */
    const byKeys = async (where: string, keys: Iterable<string | bigint | undefined>) => {
      const found = new Map<string, RecordRef>();
      const all = [...new Set(keys)].filter((key) => key !== undefined);
      for (let start = 0; start < all.length; start += CHUNK_KEYS) {
        const literal = `{${all.slice(start, start + CHUNK_KEYS).join(",")}}`;
        for (const ref of await refs(where, [literal])) found.set(ref.id, ref);
      }
      return [...found.values()];
    };
    const NOTICES = `r.source = ANY ($1::bigint[]) AND r.kind = ${kindCode("notice")} AND r.attachments > 0`;

    return {
      async search({ limit = DEFAULT_LIMIT, cursor, texts, counted, ...search }) {
        if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
          throw new CatalogueError("bad-filter", `a page has 1 to ${MAX_LIMIT} results`);
        }
        const prepared = await prepare(search);
        const shares = await statistics();
        return run((session) => searchPage(session, prepared, shares, { limit, cursor, texts, counted }));
      },
      async *select({ texts, ...search }) {
        const prepared = await prepare(search);
        const session = await acquire();
        try {
          yield* selectHits(session, prepared, texts);
        } finally {
          await session.release();
        }
      },
      async count(search) {
        const prepared = await prepare(search);
        return run((session) => countHits(session, prepared));
      },
      async isRebuilding() {
        const { rows } = await pool.query("SELECT rebuilding FROM catalogue.generation");
        return rows[0]?.[0] === "t";
      },

      async byIds(ids) {
        const found: RecordRef[] = [];
        for (let start = 0; start < ids.length; start += CHUNK_KEYS) {
          found.push(
            ...(await refs("r.id = ANY ($1::uuid[])", [uuid(ids.slice(start, start + CHUNK_KEYS))])),
          );
        }
        return found;
      },
      byNetworkId: (network, networkIds) =>
        byKeys(
          `r.network_id = ANY ($1::bigint[]) AND r.network = ${networkCode(network)}`,
          networkIds.map((id) => identifiers.of("message", network, id)),
        ),
      async about(of, { replies = false } = {}) {
        const keys = of.map((ref) => ref.keys.networkId);
        const targeting = await byKeys("r.target = ANY ($1::bigint[])", keys);
        if (!replies) return targeting;
        return unique([...targeting, ...(await byKeys("r.reply_to = ANY ($1::bigint[])", keys))]);
      },
      async named(of) {
        const keys = of.flatMap(({ keys: { target, replyTo, networkId } }) => [target, replyTo, networkId]);
        const given = new Set(of.map((ref) => ref.id));
        return (await byKeys("r.network_id = ANY ($1::bigint[])", keys)).filter((ref) => !given.has(ref.id));
      },
      noticesOf: (sha256) =>
        byKeys(
          NOTICES,
          sha256.map((digest) => identifiers.of("source", digest)),
        ),
      noticesFor: (of) =>
        byKeys(
          NOTICES,
          of.map((ref) => ref.keys.source),
        ),
      listening: (about) =>
        listeningOf({ run, columnsOf: (filters) => columnsOfFilters(filters, identifiers, titled) }, about),
      listeningPages: (about, size) => listeningPagesOf({ run, identifiers }, about, size),
      audits: createAuditReader({ run, identifiers }),
      threads: createThreadReader({
        run,
        openCell,
        custodians,
        custodianKey: (id) => identifiers.of("custodian", id),
      }),
      volumes: (of) => run((session) => volumesOf(session, of)),
      tallies: (of) => run((session) => talliesOf(session, of)),
      extents: () => run(extentsOf),
      partyRuns: (party, silenceMs) => partyRunsOf({ run, identifiers }, party, silenceMs),
      accountKey: (network, account) => String(identifiers.of("account", network, account)),
      participants: (keys) => run((session) => participantsOf(session, openCell, keys)),
      within(ids) {
        const keys = ids.map((id) => identifiers.of("custodian", id));
        return readerOver(() => acquireWithin(pool, keys), keys);
      },
    };
  }

  return readerOver(() => pool.acquire(), undefined);
}

function unique(refs: readonly RecordRef[]): RecordRef[] {
  return [...new Map(refs.map((ref) => [ref.id, ref])).values()];
}
