import type { Network } from "@daybook/contract";
import type { CellOpener } from "./cells.ts";
import { kindCode, networkCode } from "./codes.ts";
import { uuid } from "./columns.ts";
import type { CataloguePool, CatalogueSession, HeldSession } from "./connection.ts";
import { CatalogueError } from "./error.ts";
import { columnsOfFilters, interval, type Filters } from "./filters.ts";
import { createIdentifiers } from "./identifiers.ts";
import {
  conversationsOf,
  participantsOf,
  type ConversationSummary,
  type ParticipantNames,
} from "./people.ts";
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
import { createStatistics } from "./statistics.ts";
import { createTokeniser } from "./tokens.ts";
import { createCellReader, createVocabulary } from "./vocabulary.ts";

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
   * @throws {CatalogueError} `bad-query`, `bad-filter`, `bad-cursor`, `unavailable`
   */
  search(search: Search & { limit?: number; cursor?: string; texts?: ReadTexts }): Promise<SearchPage>;

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
   * Gaps and coverage whose interval meets this one: was Daybook listening? Ordered by their beginning.
   *
   * @param about.from inclusive, as in `Filters`
   */
  listening(about: Pick<Filters, "custodian" | "network" | "account" | "from" | "to">): Promise<RecordRef[]>;

  /** Conversations, latest first. @param about.limit default 500 */
  conversations(about?: { custodian?: string; limit?: number }): Promise<ConversationSummary[]>;

  /** Names behind the keys of senders and custodians. */
  participants(keys: readonly string[]): Promise<ParticipantNames[]>;

  /** A reader that sees only the records of these custodians. */
  within(custodians: readonly string[]): CatalogueReader;
}

const MAX_LIMIT = 500;
const END_OF_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const DEFAULT_LIMIT = 25;
const DEFAULT_CONVERSATIONS = 500;
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
    const plan = await planTokens(query, {
      token: (term) => tokeniser.token(term),
      expand: (prefix) => vocabulary.expand(prefix, seen),
    });
    return { query, plan, filters: columns, name: JSON.stringify([words, filters]) };
  }

  function readerOver(acquire: Acquire, narrowed: boolean): CatalogueReader {
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
    const prepare = (search: Search) => prepareFor(search, narrowed ? seen : undefined);
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
      async search({ limit = DEFAULT_LIMIT, cursor, texts, ...search }) {
        if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
          throw new CatalogueError("bad-filter", `a page has 1 to ${MAX_LIMIT} results`);
        }
        const prepared = await prepare(search);
        const shares = await statistics();
        return run((session) => searchPage(session, prepared, shares, { limit, cursor, texts }));
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
      async listening({ from, to, ...filters }) {
        const columns = await columnsOfFilters(
          { ...filters, kinds: ["gap", "coverage"] },
          identifiers,
          titled,
        );
        if (from !== undefined) columns["spanFrom"] = String(interval(from).first);
        // A bound in any case: with it the index of intervals serves, which only such records are in.
        columns["spanTo"] = String(to === undefined ? END_OF_TIME_MS : interval(to).last);
        const { rows } = await run((session) =>
          session.query(
            `SELECT ${REF_COLUMNS} FROM catalogue.search($1) h JOIN catalogue.record r ON r.shard = h.shard AND r.idx = h.idx
             JOIN catalogue.segment s ON s.shard = r.shard AND s.first_index = r.segment
             ORDER BY r.span_from, r.shard, r.idx`,
            [JSON.stringify({ words: [], filters: columns, mode: "all" })],
          ),
        );
        return rows.map(refOf);
      },
      conversations: ({ custodian, limit = DEFAULT_CONVERSATIONS } = {}) =>
        run((session) =>
          conversationsOf(session, openCell, {
            custodian: custodian === undefined ? undefined : identifiers.of("custodian", custodian),
            limit,
          }),
        ),
      participants: (keys) => run((session) => participantsOf(session, openCell, keys)),
      within(custodians) {
        const keys = custodians.map((id) => identifiers.of("custodian", id));
        return readerOver(() => acquireWithin(pool, keys), true);
      },
    };
  }

  return readerOver(() => pool.acquire(), false);
}

/** Opens a session that sees a certain scope. */
type Acquire = () => Promise<HeldSession>;

/** The setting is this session's alone, and gone before another search may get the connection. */
async function acquireWithin(pool: CataloguePool, custodians: readonly bigint[]): Promise<HeldSession> {
  const session = await pool.acquire();
  const release = async () => {
    // If this fails the connection is broken, and is not used again.
    await session.query("RESET catalogue.scope").catch(() => undefined);
    await session.release();
  };
  try {
    await session.query("SELECT set_config('catalogue.scope', $1, false)", [`{${custodians.join(",")}}`]);
  } catch (error) {
    await release();
    throw error;
  }
  return { query: session.query.bind(session), release };
}

function unique(refs: readonly RecordRef[]): RecordRef[] {
  return [...new Map(refs.map((ref) => [ref.id, ref])).values()];
}
