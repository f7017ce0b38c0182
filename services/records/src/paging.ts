import { z } from "zod";
import type { Tx } from "./database.ts";
import { RecordsError } from "./error.ts";

/** Entries of one page at most. */
const MAX_PAGE = 1_000;
const MAX_CURSOR_CHARACTERS = 256;

/** How a list is asked for, as it stands in a query string. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE).describe("Entries of a page at most"),
  cursor: z
    .string()
    .regex(/^[\w-]+$/)
    .max(MAX_CURSOR_CHARACTERS)
    .optional()
    .describe("The `next` of the page before"),
});

/** What a list's answer has beside its entries. */
export const pageEnd = {
  next: z.string().nullable().describe("Where the next page begins; null on the last"),
};

export type PageRequest = z.infer<typeof pageQuery>;

export interface Page<Entry> {
  readonly entries: Entry[];
  /** Null on the last page. */
  readonly next: string | null;
}

/**
 * A list's order, by columns that never change and together name one row: what is added or changed between two
 * pages moves nothing else.
 */
export interface Order<Row> {
  /** Tells cursors of this list from those of others. */
  readonly list: string;
  readonly newestFirst: boolean;
  readonly columns: readonly {
    readonly sql: string;
    readonly type: "timestamptz" | "uuid" | "int";
    readonly of: (row: Row) => Date | string | number;
  }[];
}

/**
 * One page of what `select`, a statement without WHERE and ORDER BY, gives.
 *
 * @param given values that `select` itself names, from `$1` on
 * @throws {RecordsError} `bad-request`: the cursor is none of this list's
 */
export async function readPage<Row extends object>(
  tx: Tx,
  select: string,
  order: Order<Row>,
  { limit, cursor }: PageRequest,
  given: readonly unknown[] = [],
): Promise<Page<Row>> {
  const { columns, newestFirst } = order;
  const place = cursor === undefined ? [] : decodePlace(cursor, order);
  const names = columns.map(({ sql }) => sql);
  const values = columns.map(({ type }, i) => `$${given.length + i + 1}::${type}`);
  const after =
    place.length === 0 ? "" : `WHERE (${names.join()}) ${newestFirst ? "<" : ">"} (${values.join()})`;
  const by = names.map((name) => `${name} ${newestFirst ? "DESC" : "ASC"}`).join();
  const rows = await tx.query<Row>(`${select} ${after} ORDER BY ${by} LIMIT ${limit + 1}`, [
    ...given,
    ...place,
  ]);
  const entries = rows.slice(0, limit);
  const last = rows.length > limit ? entries.at(-1) : undefined;
  return { entries, next: last ? encodePlace(last, order) : null };
}

function encodePlace<Row>(row: Row, { list, columns }: Order<Row>): string {
  const place = columns.map(({ of }) => {
    const value = of(row);
    return value instanceof Date ? value.toISOString() : String(value);
  });
  return Buffer.from(JSON.stringify([list, ...place])).toString("base64url");
}

const fields = {
  timestamptz: z.iso.datetime({ precision: 3 }),
  // Records' ids too, which are of no version.
  uuid: z.guid(),
  int: z.string().regex(/^\d{1,9}$/),
} as const;

function decodePlace<Row>(cursor: string, { list, columns }: Order<Row>): string[] {
  const parts = z.array(z.string()).length(columns.length + 1);
  const [name, ...place] = parts.safeParse(parse(cursor)).data ?? [];
  const fits = name === list && columns.every(({ type }, i) => fields[type].safeParse(place[i]).success);
  if (!fits) throw new RecordsError("bad-request", "not a cursor of this list: begin without one");
  return place;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
