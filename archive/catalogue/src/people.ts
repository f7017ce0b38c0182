import { z } from "zod";
import type { CatalogueSession } from "./connection.ts";
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

const participantCell = z.object({ id: z.string(), name: z.string(), network: z.string().optional() });
/** @throws {CatalogueError} `diverged` */
export function parseCell<Cell>(schema: z.ZodType<Cell>, bytes: Uint8Array): Cell {
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
