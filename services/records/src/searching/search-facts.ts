import { MEDIA_TYPES } from "@daybook/catalogue";
import { type Audit, eventKind, instant, network } from "@daybook/contract";
import { z } from "zod";
import type { Cells } from "../cells.ts";
import type { Tx } from "../database.ts";
import { RecordsError } from "../error.ts";

const text = (max: number) => z.string().min(1).max(max);

/** The catalogue's keyed number of a conversation, in decimal: by which it is addressed. */
export const conversationKey = z.string().regex(/^-?\d{1,19}$/);

/** What narrows a search, as it was asked for. */
export const searchFilters = z.strictObject({
  /** Name or id; in what is kept, the id. */
  custodian: text(512).optional(),
  /** Title or id of a post; in what is kept, the id. Whoever held it, while they did. */
  post: text(512).optional(),
  /** Name or id of somebody outside; in what is kept, the id. Both directions: see `Filters.parties`. */
  participant: text(512).optional(),
  network: z.array(network).max(20).optional(),
  /** Its key: see `conversationKey`. */
  conversation: conversationKey.optional(),
  /** A conversation's id, or its exact title. */
  titled: text(1_024).optional(),
  account: text(512).optional(),
  sender: text(512).optional(),
  /** Inclusive: a day or an instant. */
  from: text(32).optional(),
  to: text(32).optional(),
  kind: z.array(eventKind).max(20).optional(),
  attachments: z.enum(MEDIA_TYPES).optional(),
});
export type SearchFilters = z.infer<typeof searchFilters>;

const detail = z.object({
  search: z.uuid(),
  words: z.string().max(1_000),
  asked: searchFilters,
  total: z.int().nonnegative(),
  totalIsExact: z.boolean(),
});

/** What a search's audit event must say so that the log of searches can be made again from it. */
export interface SearchFact {
  readonly id: string;
  readonly matter: string;
  readonly actor: string;
  /** When the event was captured: RFC 3339. */
  readonly at: string;
  readonly words: string;
  readonly filters: SearchFilters;
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
}

/** Where the words and filters of a search are sealed. */
export const askedPlace = (id: string) => `search.asked/${id}`;

/**
 * Reads the audit event of a search that is kept. Undefined for any other, further pages of one among them.
 *
 * @throws {RecordsError} `corrupt`: it does not say what it must
 */
export function searchOf(audit: Audit, at: string): SearchFact | undefined {
  if (audit.action !== "search" || audit.detail?.["search"] === undefined) return undefined;
  const parsed = detail.safeParse(audit.detail);
  const matter = z.uuid().safeParse(audit.matter);
  const time = instant.safeParse(at);
  if (!parsed.success || !matter.success || !time.success) {
    throw new RecordsError(
      "corrupt",
      "an audit event does not say what `search` must: is this program older?",
    );
  }
  const { search: id, asked: filters, ...rest } = parsed.data;
  return { id, matter: matter.data, actor: audit.actor, at: time.data, filters, ...rest };
}

/**
 * Puts a search into the log of searches. It changes nothing that any change looks at and nothing changes it, so it
 * needs no turn among changes: a disposal or a rebuild may take long, a search must not wait for it. The same whether
 * it was just made or comes back from the audit log, in whatever order, and once.
 *
 * @param tx of a replay; or, of a search that was just made, whatever commits by itself: that it is there after a crash
 *   of PostgreSQL is for the replay to see to, so it waits for no disk
 */
export async function keepSearch(
  tx: Tx,
  fact: SearchFact,
  cells: Cells,
  { now = false }: { now?: boolean } = {},
): Promise<void> {
  const { id, matter, actor, at, words, filters, total, totalIsExact } = fact;
  const asked = cells.seal(askedPlace(id), JSON.stringify({ words, filters }));
  await tx.query(
    now ? KEEP_SOON : KEEP,
    [id, matter, actor, at, asked, total, totalIsExact],
    now ? "records-search-soon" : "records-search",
  );
}

const KEEP = `INSERT INTO records.search (id, matter, actor, at, asked, total, exact)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`;
const KEEP_SOON = `INSERT INTO records.search (id, matter, actor, at, asked, total, exact)
  SELECT $1::uuid, $2::uuid, $3, $4::timestamptz, $5::bytea, $6::bigint, $7::boolean
  WHERE set_config('synchronous_commit', 'off', true) = 'off' ON CONFLICT DO NOTHING`;
