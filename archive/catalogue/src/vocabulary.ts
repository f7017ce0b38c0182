import { setImmediate as turn } from "node:timers/promises";
import type { CellOpener } from "./cells.ts";
import type { CatalogueSession } from "./connection.ts";
import { CatalogueError } from "./error.ts";

/** Words that `word*` may stand for at most: with more, a search would be as slow as it is vague. */
export const MAX_EXPANSIONS = 2_000;

/** Words fetched and opened at a time, so that other work goes on between. */
const PAGE_WORDS = 2_000;

/** The words of all records, in memory: loaded at the first use, and what is new at each further one. */
export interface Vocabulary {
  /**
   * Every word that begins so; where that is too many, those of them that are seen.
   *
   * @param seen which words a session may know of, where it is narrowed: else it could tell by a refusal whether
   *   records that it does not see have a word, by capturing just enough words that begin alike
   * @throws {CatalogueError} `bad-query`: more than `MAX_EXPANSIONS`
   */
  expand(prefix: string, seen?: () => Promise<(word: string) => boolean>): Promise<readonly string[]>;
}

export function createVocabulary(session: CatalogueSession, open: OpenCell): Vocabulary {
  let words: string[] = [];
  let generation = -1;
  /** Transactions below this are over: what they added is in `words`. */
  let horizon = "0";
  let loading: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const { rows } = await session.query(
      "SELECT number, pg_snapshot_xmin(pg_current_snapshot())::text FROM catalogue.generation",
    );
    const [number, xmin] = rows[0] ?? [];
    if (Number(number) !== generation) {
      // Something was disposed of: words may have gone.
      words = [];
      horizon = "0";
    }
    let last = { added: horizon, token: "-9223372036854775808" };
    for (;;) {
      const page = await session.query(
        `SELECT added::text, token, cell_key, encode(cell, 'base64') FROM catalogue.word
         WHERE (added, token) > ($1::xid8, $2::bigint) ORDER BY added, token LIMIT ${PAGE_WORDS}`,
        [last.added, last.token],
      );
      const fresh: string[] = [];
      for (const [, , key, cell] of page.rows) {
        fresh.push(Buffer.from(await open(String(key), Buffer.from(cell ?? "", "base64"))).toString("utf8"));
      }
      words = merge(words, fresh.sort());
      const [added, token] = page.rows.at(-1) ?? [];
      if (page.rows.length < PAGE_WORDS || typeof added !== "string" || typeof token !== "string") break;
      last = { added, token };
      await turn();
    }
    generation = Number(number);
    horizon = xmin ?? "0";
  }

  return {
    async expand(prefix, seen) {
      loading ??= refresh().finally(() => (loading = undefined));
      await loading;
      // Kept, since the list is replaced when words are added.
      const all = words;
      const start = firstFrom(all, prefix);
      let end = start;
      while (end - start <= MAX_EXPANSIONS && all[end]?.startsWith(prefix) === true) end += 1;
      if (end - start <= MAX_EXPANSIONS) return all.slice(start, end);
      const isSeen = await seen?.();
      const found: string[] = [];
      for (let at = start; isSeen && all[at]?.startsWith(prefix) === true; at += 1) {
        const word = all[at] ?? "";
        if (isSeen(word)) found.push(word);
        if (found.length > MAX_EXPANSIONS) break;
        if ((at - start) % PAGE_WORDS === PAGE_WORDS - 1) await turn();
      }
      if (isSeen && found.length <= MAX_EXPANSIONS) return found;
      throw new CatalogueError(
        "bad-query",
        `more than ${MAX_EXPANSIONS} words begin so: add a letter before the *`,
      );
    },
  };
}

/** Opens a cell under the key of that id. */
export type OpenCell = (keyId: string, cell: Uint8Array) => Promise<Uint8Array>;

/** @throws {CatalogueError} `diverged`: the key of a cell is not there */
export function createCellReader(session: CatalogueSession, opener: CellOpener): OpenCell {
  const unwrapped = new Map<string, Promise<(cell: Uint8Array) => Uint8Array>>();

  async function unwrap(id: string): Promise<(cell: Uint8Array) => Uint8Array> {
    const { rows } = await session.query(
      "SELECT encode(wrapped, 'base64') FROM catalogue.cell_key WHERE id = $1",
      [id],
    );
    const wrapped = rows[0]?.[0];
    if (wrapped === undefined || wrapped === null) {
      throw new CatalogueError(
        "diverged",
        "a sealed cell of the catalogue has lost its key: rebuild the catalogue",
      );
    }
    return opener.unwrap(Buffer.from(wrapped, "base64"));
  }

  return async (id, cell) => {
    let open = unwrapped.get(id);
    if (open === undefined) {
      open = unwrap(id);
      unwrapped.set(id, open);
      open.catch(() => unwrapped.delete(id));
    }
    return (await open)(cell);
  };
}

/** Two sorted lists, made one without doubles. */
function merge(a: readonly string[], b: readonly string[]): string[] {
  if (b.length === 0) return [...a];
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    const next = right === undefined || (left !== undefined && left <= right) ? left : right;
    if (next === undefined) break;
    if (next === left) i += 1;
    if (next === right) j += 1;
    merged.push(next);
  }
  return merged;
}

/** Index of the first word that is not less. */
function firstFrom(words: readonly string[], wanted: string): number {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((words[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
