import type { ArchiveRecord } from "@daybook/archive-core";
import type { EventKind, Network } from "@daybook/contract";
import { type CatalogueReader, type Filters, type ReadTexts, SEARCHED_KINDS } from "@daybook/catalogue";
import type { Principal } from "@daybook/runtime";
import type { Matters } from "./matters.ts";
import { type Reading, requireAuditor } from "./reading.ts";
import type { Registry } from "./registry.ts";
import type { AuditTrail } from "./trail.ts";

export interface SearchRequest {
  readonly words: string;
  readonly matter: string;
  /** Name or id. */
  readonly custodian?: string | undefined;
  readonly network?: readonly Network[] | undefined;
  /** Id or exact title. */
  readonly conversation?: string | undefined;
  readonly account?: string | undefined;
  readonly sender?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly kind?: readonly EventKind[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface SearchResult {
  readonly id: string;
  readonly kind: EventKind;
  readonly network: Network;
  readonly conversation: { readonly id: string; readonly title: string } | null;
  /** The name, as the source has it. */
  readonly sender: string | null;
  /** RFC 3339; without a zone where the source names none. */
  readonly at: string;
  /** Of a gap: why it is one. */
  readonly text: string | null;
  readonly attachments: readonly { name: string; mediaType: string; sizeBytes: number; sha256: string }[];
}

export interface SearchAnswer {
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
  readonly results: readonly SearchResult[];
  readonly next: string | null;
}

/** What a search selects by, with names made ids, and what its audit event says of it. */
export interface Selection {
  readonly words?: string | undefined;
  readonly custodian?: string | undefined;
  readonly network?: readonly Network[] | undefined;
  readonly conversation?: string | undefined;
  readonly account?: string | undefined;
  readonly sender?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly kind?: readonly EventKind[] | undefined;
}

/** Finds records under a matter. */
export class Searching {
  readonly #catalogue: CatalogueReader;
  readonly #registry: Registry;
  readonly #matters: Matters;
  readonly #reading: Reading;
  readonly #trail: AuditTrail;

  constructor(of: {
    catalogue: CatalogueReader;
    registry: Registry;
    matters: Matters;
    reading: Reading;
    trail: AuditTrail;
  }) {
    this.#catalogue = of.catalogue;
    this.#registry = of.registry;
    this.#matters = of.matters;
    this.#reading = of.reading;
    this.#trail = of.trail;
  }

  /** One page, newest first: answered once its audit event, which says what was found, is durable. */
  async page(request: SearchRequest, principal: Principal): Promise<SearchAnswer> {
    const { words, matter, limit, cursor } = request;
    if (request.kind?.includes("audit")) requireAuditor(principal);
    await this.#matters.required(matter);
    const filters = await this.filters(request);
    const page = await this.#catalogue.search({
      words,
      filters,
      limit,
      texts: this.texts,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const opening = this.#reading.open(page.results);
    opening.catch(() => undefined);
    await this.#trail.record({
      actor: principal.id,
      action: "search",
      matter,
      detail: {
        words,
        filters: JSON.parse(JSON.stringify(filters)) as Record<string, string | string[]>,
        further: cursor !== undefined,
        total: page.total,
        totalIsExact: page.totalIsExact,
        results: page.results.map((ref) => ref.id),
      },
    });
    const opened = await opening;
    return {
      total: page.total,
      totalIsExact: page.totalIsExact,
      results: opened.flatMap((record) => (record ? [resultOf(record)] : [])),
      next: page.next ?? null,
    };
  }

  /** The catalogue's filters for what was asked. @throws {RecordsError} `no-such-custodian`, `ambiguous-custodian` */
  async filters(of: Selection): Promise<Filters> {
    const { custodian, conversation, account, sender, network, from, to, kind } = of;
    return {
      ...(custodian === undefined ? {} : { custodian: (await this.#registry.find(custodian)).id }),
      ...(conversation === undefined ? {} : { conversation }),
      ...(account === undefined ? {} : { account }),
      ...(sender === undefined ? {} : { sender }),
      ...(network === undefined ? {} : { network }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      kinds: kind ?? SEARCHED_KINDS,
    };
  }

  /** Reads the texts of candidates, for phrases. */
  readonly texts: ReadTexts = async (refs) => (await this.#reading.open(refs)).map((record) => record?.text);
}

function resultOf(record: ArchiveRecord): SearchResult {
  const { id, kind, network, conversation, sender, attachments = [] } = record;
  return {
    id,
    kind,
    network,
    conversation: conversation ? { id: conversation.id, title: conversation.title } : null,
    sender: sender?.name ?? null,
    at: record.sentAt ?? record.localTime ?? record.capturedAt,
    text: record.text ?? record.gap?.why ?? null,
    attachments: attachments.map(({ name, mediaType, sizeBytes, sha256 }) => ({
      name,
      mediaType,
      sizeBytes,
      sha256,
    })),
  };
}
