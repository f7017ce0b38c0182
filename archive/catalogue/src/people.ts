import { z } from "zod";
import type { CatalogueSession } from "./connection.ts";
import { networkOf } from "./codes.ts";
import { CatalogueError } from "./error.ts";
import type { OpenCell } from "./vocabulary.ts";

/** A person or account, by all the names it has had, oldest first. */
export interface ParticipantNames {
  readonly key: string;
  readonly id: string;
  /** Undefined for a custodian, who is known on every network. */
  readonly network?: string;
  readonly names: readonly string[];
}

/** A conversation, by all the titles it has had, oldest first, and what the catalogue holds of it. */
export interface ConversationSummary {
  readonly key: string;
  readonly id: string;
  readonly kind: string;
  readonly network: string;
  readonly titles: readonly string[];
  readonly records: number;
  /** ISO. */
  readonly first: string;
  readonly last: string;
}

const participantCell = z.object({ id: z.string(), name: z.string(), network: z.string().optional() });
const conversationCell = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  network: z.string(),
});

function parseCell<Cell>(schema: z.ZodType<Cell>, bytes: Uint8Array): Cell {
  const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success)
    throw new CatalogueError("diverged", "a sealed cell of the catalogue is not what it should be");
  return parsed.data;
}

/** @param keys keyed identifiers of senders or custodians, as in `RecordRef.keys` */
export async function participantsOf(
  session: CatalogueSession,
  open: OpenCell,
  keys: readonly string[],
): Promise<ParticipantNames[]> {
  const { rows } = await session.query(
    `SELECT key, cell_key, encode(cell, 'base64') FROM catalogue.participant WHERE key = ANY ($1::bigint[]) ORDER BY at, name_key`,
    [`{${keys.join(",")}}`],
  );
  const found = new Map<string, { id: string; network?: string; names: string[] }>();
  for (const [key, cellKey, cell] of rows) {
    const { id, name, network } = parseCell(
      participantCell,
      await open(String(cellKey), Buffer.from(cell ?? "", "base64")),
    );
    const known = found.get(String(key)) ?? { id, ...(network === undefined ? {} : { network }), names: [] };
    known.names.push(name);
    found.set(String(key), known);
  }
  return [...found].map(([key, names]) => ({ key, ...names }));
}

/**
 * The conversations with records that the reader may see, latest first.
 *
 * @param custodian key of a custodian, or undefined for all
 * @param limit of conversations
 */
export async function conversationsOf(
  session: CatalogueSession,
  open: OpenCell,
  { custodian, limit }: { custodian: bigint | undefined; limit: number },
): Promise<ConversationSummary[]> {
  const { rows } = await session.query(
    `WITH seen AS MATERIALIZED (
       SELECT conversation, min(network) network, count(*) records, min(at) first, max(at) last FROM catalogue.record
       WHERE conversation IS NOT NULL AND ($1::bigint IS NULL OR custodian = $1::bigint)
       GROUP BY conversation ORDER BY max(at) DESC LIMIT $2)
     SELECT s.conversation, s.network, s.records, (extract(epoch FROM s.first) * 1000)::bigint,
       (extract(epoch FROM s.last) * 1000)::bigint, c.cell_key, encode(c.cell, 'base64')
     FROM seen s JOIN catalogue.conversation c ON c.key = s.conversation ORDER BY s.last DESC, s.conversation, c.at, c.title_key`,
    [custodian ?? null, limit],
  );
  const found = new Map<string, ConversationSummary & { titles: string[] }>();
  for (const [key, network, records, first, last, cellKey, cell] of rows) {
    const { id, title, kind } = parseCell(
      conversationCell,
      await open(String(cellKey), Buffer.from(cell ?? "", "base64")),
    );
    const known = found.get(String(key));
    if (known) known.titles.push(title);
    else {
      found.set(String(key), {
        key: String(key),
        id,
        kind,
        network: networkOf(Number(network)),
        titles: [title],
        records: Number(records),
        first: new Date(Number(first)).toISOString(),
        last: new Date(Number(last)).toISOString(),
      });
    }
  }
  return [...found.values()];
}
