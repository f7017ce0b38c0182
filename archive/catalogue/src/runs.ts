import { type EventKind, eventKind } from "@daybook/contract";
import type { CatalogueSession } from "./connection.ts";
import { columnsOfFilters, type PartyThen } from "./filters.ts";
import type { Identifiers } from "./identifiers.ts";

/** What a number or address said, or was told, without a longer silence in between. */
export interface PartyRun {
  /** Milliseconds since 1970: the times of its first and last record, both included. */
  readonly first: number;
  readonly last: number;
  readonly records: number;
}

/** What Daybook notes of its own listening and doing is no sign of anybody. */
const OWN: readonly EventKind[] = ["notice", "gap", "coverage", "audit"];
const SIGNS = eventKind.options.filter((kind) => !OWN.includes(kind));

/**
 * When a number or address was in use, within the interval of `party`, oldest first: what it wrote, what went to it, and
 * conversations of two with it. Reads every such record's row.
 *
 * @param silenceMs what is longer than this parts two runs
 */
export async function partyRunsOf(
  of: {
    readonly run: <Result>(work: (session: CatalogueSession) => Promise<Result>) => Promise<Result>;
    readonly identifiers: Identifiers;
  },
  party: PartyThen,
  silenceMs: number,
): Promise<PartyRun[]> {
  const filters = await columnsOfFilters({ parties: [party], kinds: SIGNS }, of.identifiers, () =>
    Promise.resolve([]),
  );
  const { rows } = await of.run((session) =>
    session.query(
      "SELECT (extract(epoch FROM h.at) * 1000)::bigint, h.counts, h.total FROM catalogue.search($1) h ORDER BY h.at",
      [JSON.stringify({ words: [], filters, mode: "runs", silence: silenceMs })],
    ),
  );
  return rows.map(([first, last, records]) => ({
    first: Number(first),
    last: Number(last),
    records: Number(records),
  }));
}
