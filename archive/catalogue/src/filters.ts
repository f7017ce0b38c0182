import type { EventKind, Method, Network } from "@daybook/contract";
import { kindCode, methodCode, NETWORK_NAMES, networkCode, provenanceCode, SEARCHED_KINDS } from "./codes.ts";
import { CatalogueError } from "./error.ts";
import { checkKey, type Identifiers } from "./identifiers.ts";
import type { MediaType } from "./media.ts";

/** What narrows a search. Everything given must hold; of a list, any. */
export interface Filters {
  /** Ids of custodians. */
  readonly custodian?: string | readonly string[];
  /** An id or an exact title. */
  readonly conversation?: string;
  /** The key of one, as in `RecordRef.keys`. */
  readonly conversationKey?: string;
  /** Captured of one of these custodians within the interval that goes with them: who held a post, and when. */
  readonly held?: readonly Held[];
  /**
   * Within the interval that goes with each of these: what they wrote, what went to them, conversations of two with them,
   * and, where a record does not say to whom it went, what others said in conversations in which they wrote.
   */
  readonly parties?: readonly PartyThen[];
  /** Has any, or one of a type. */
  readonly attachments?: MediaType;
  readonly network?: Network | readonly Network[];
  readonly method?: Method | readonly Method[];
  readonly provenance?: "captured" | "journaled" | "supplied";
  /** The governed account, and who wrote: as the network notes them. */
  readonly account?: string;
  readonly sender?: string;
  /**
   * Inclusive: a day (`2026-03-04`, all of it, in UTC or the wall clock where the source has no zone) or an
   * instant (`2026-03-04T15:04:05Z`; a second named without milliseconds is the whole second).
   */
  readonly from?: string;
  readonly to?: string;
  /** Default: `SEARCHED_KINDS`. */
  readonly kinds?: readonly EventKind[];
  /** Audit records of this matter: only together with `kinds: ["audit"]`. */
  readonly matter?: string;
  /** SHA-256 of an imported file, hex: what cites it, and its own notice. */
  readonly source?: string;
}

export interface Held {
  /** Id. */
  readonly custodian: string;
  /** Instants, as `Filters.from` and `to` name them; without one the interval is open there. `to` is not included. */
  readonly from?: string;
  readonly to?: string;
}

/** Somebody by what a network calls them, while it was them. */
export interface PartyThen {
  readonly network: Network;
  /** The same number or address in each way in which the network's records write it. */
  readonly ids: readonly string[];
  /** As of `Held`. */
  readonly from?: string;
  readonly to?: string;
}

/** Filters as `catalogue.search` takes them: array literals and milliseconds. */
export type FilterColumns = Record<string, string>;

const MAX_LIST = 1_000;

/**
 * @param conversationsTitled keys of the conversations of that title key
 * @throws {CatalogueError} `bad-filter`
 */
export async function columnsOfFilters(
  filters: Filters,
  identifiers: Identifiers,
  conversationsTitled: (titleKey: bigint) => Promise<readonly string[]>,
): Promise<FilterColumns> {
  const columns: FilterColumns = {};
  const networks = listOf(filters.network);
  const inNetworks = (domain: "account" | "party", id: string) =>
    (networks ?? NETWORK_NAMES).map((network) => identifiers.of(domain, network, id));
  const put = (column: string, keys: readonly (bigint | number | string)[] | undefined) => {
    if (keys === undefined) return;
    requireFew(keys);
    columns[column] = `{${keys.join(",")}}`;
  };

  put("kind", (filters.kinds ?? SEARCHED_KINDS).map(kindCode));
  put("network", networks?.map(networkCode));
  put("method", listOf(filters.method)?.map(methodCode));
  put("provenance", filters.provenance && [provenanceCode(filters.provenance)]);
  const custodians = listOf(filters.custodian) ?? filters.held?.map(({ custodian }) => custodian);
  put("custodian", custodians && [...new Set(custodians)].map((id) => identifiers.of("custodian", id)));
  if (filters.held !== undefined) columns["held"] = heldColumn(filters.held, identifiers);
  if (filters.parties !== undefined) columns["parties"] = partiesColumn(filters.parties, identifiers);
  put("account", filters.account === undefined ? undefined : inNetworks("account", filters.account));
  put("sender", filters.sender === undefined ? undefined : inNetworks("party", filters.sender));
  put("matter", filters.matter === undefined ? undefined : [identifiers.of("matter", filters.matter)]);
  put("source", filters.source === undefined ? undefined : [identifiers.of("source", filters.source)]);
  if (filters.conversation !== undefined) {
    const titled = await conversationsTitled(identifiers.of("title", filters.conversation.normalize("NFC")));
    put("conversation", [identifiers.of("conversation", filters.conversation), ...titled]);
  }
  if (filters.conversationKey !== undefined) {
    if (filters.conversation !== undefined)
      throw new CatalogueError("bad-filter", "a conversation is named once, by its key or otherwise");
    put("conversation", [checkKey(filters.conversationKey)]);
  }
  if (filters.from !== undefined) columns["from"] = String(interval(filters.from).first);
  if (filters.to !== undefined) columns["to"] = String(interval(filters.to).last);
  return columns;
}

/** As JSON: a custodian's key, and the interval in milliseconds, its end not included. */
function heldColumn(held: readonly Held[], identifiers: Identifiers): string {
  requireFew(held);
  return JSON.stringify(
    held.map(({ custodian, ...span }) => ({
      custodian: String(identifiers.of("custodian", custodian)),
      ...columnsOfSpan(span),
    })),
  );
}

/** As JSON: the network's code, keys of people and of conversations, and the interval as of `heldColumn`. */
function partiesColumn(parties: readonly PartyThen[], identifiers: Identifiers): string {
  requireFew(parties.flatMap(({ ids }) => ids));
  return JSON.stringify(
    parties.map(({ network, ids, ...span }) => ({
      network: networkCode(network),
      sender: ids.map((id) => String(identifiers.of("party", network, id))),
      conversation: ids.map((id) => String(identifiers.of("conversation", id))),
      ...columnsOfSpan(span),
    })),
  );
}

function requireFew(list: readonly unknown[]): void {
  if (list.length > MAX_LIST)
    throw new CatalogueError("bad-filter", `a filter lists at most ${MAX_LIST} things`);
}

function columnsOfSpan({ from, to }: { from?: string; to?: string }): { from?: number; to?: number } {
  return {
    ...(from === undefined ? {} : { from: interval(from).first }),
    ...(to === undefined ? {} : { to: interval(to).first }),
  };
}

function listOf<Value extends string>(
  given: Value | readonly Value[] | undefined,
): readonly Value[] | undefined {
  return given === undefined || typeof given !== "string" ? given : [given];
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?<ms>\.\d{1,3})?(?<zone>Z|[+-]\d\d:\d\d)?$/;
const DAY_MS = 86_400_000;

/**
 * The first and last millisecond of what is named.
 *
 * @throws {CatalogueError} `bad-filter`: not a time, or one that no calendar has
 */
export function interval(named: string): { first: number; last: number } {
  const instant = INSTANT.exec(named);
  if (!DAY.test(named) && instant === null) throw notATime();
  const zone = instant === null || instant.groups?.["zone"] !== undefined ? "" : "Z";
  const first = Date.parse(named + zone);
  // JavaScript takes 31 February for 3 March.
  const day = Date.parse(named.slice(0, 10));
  if (
    Number.isNaN(first) ||
    Number.isNaN(day) ||
    new Date(day).toISOString().slice(0, 10) !== named.slice(0, 10)
  ) {
    throw notATime();
  }
  if (instant === null) return { first, last: first + DAY_MS - 1 };
  return { first, last: instant.groups?.["ms"] === undefined ? first + 999 : first };
}

function notATime(): CatalogueError {
  return new CatalogueError("bad-filter", "a time is a day, 2026-03-04, or an instant, 2026-03-04T15:04:05Z");
}
