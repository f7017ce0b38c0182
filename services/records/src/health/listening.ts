import type { ArchiveRecord } from "@daybook/archive-core";
import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import type { Network } from "@daybook/contract";
import type { Reading } from "../reading.ts";
import { type LinkState, type Stretch, timelineOf } from "./timeline.ts";

/** By what the archive knows an account. */
export interface AccountName {
  readonly id: string;
  readonly network: Network;
  readonly identifier: string | null;
}

/** A known hole, without anybody's words. */
export interface GapSeen {
  readonly id: string;
  readonly network: Network;
  readonly account: string | null;
  readonly custodian: { readonly id: string; readonly name: string } | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Null where somebody said it: their words are content. */
  readonly why: string | null;
  readonly saidBySomebody: boolean;
  readonly capturedAt: string;
}

export interface Timeline {
  readonly stretches: readonly { readonly from: string; readonly to: string; readonly state: LinkState }[];
  readonly gaps: readonly GapSeen[];
  /** More is known than was read: a shorter period tells all. */
  readonly cutShort: boolean;
}

/** Records that one look opens at most: each is a small read. */
const MAX_OPENED = 2_000;
const REMEMBERED = 50_000;

/** Whether Daybook was listening: read from coverage and gaps, of which nothing but intervals and reasons is told. */
export class Listening {
  readonly #catalogue: Pick<CatalogueReader, "listening" | "search" | "accountKey">;
  readonly #reading: Pick<Reading, "open">;
  /** Intervals that were read, by record: they hold no content, and never change. */
  readonly #known = new Map<string, Stretch>();

  constructor(of: {
    catalogue: Pick<CatalogueReader, "listening" | "search" | "accountKey">;
    reading: Pick<Reading, "open">;
  }) {
    this.#catalogue = of.catalogue;
    this.#reading = of.reading;
  }

  /** How an account's link stood within a period. @param period.to exclusive: ISO */
  async timeline(account: AccountName, period: { from: string; to: string }): Promise<Timeline> {
    const last = new Date(Date.parse(period.to) - 1).toISOString();
    const refs = await this.#catalogue.listening({
      account: account.identifier ?? account.id,
      network: account.network,
      from: period.from,
      to: last,
    });
    const read = refs.slice(-MAX_OPENED);
    const told = await this.#stretches(read.filter(({ kind }) => kind === "coverage"));
    const gaps = await this.#gaps(
      read.filter(({ kind }) => kind === "gap"),
      () => account.id,
    );
    const bounds = { from: Date.parse(period.from), to: Date.parse(period.to) };
    return {
      stretches: timelineOf(told, bounds).map(({ from, to, state }) => ({
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        state,
      })),
      gaps,
      cutShort: read.length < refs.length,
    };
  }

  /**
   * Known holes, newest first.
   *
   * @param of.accounts by the catalogue's keys, the registry's ids
   */
  async gaps(of: {
    from: string | undefined;
    to: string | undefined;
    account: AccountName | undefined;
    network: Network | undefined;
    limit: number;
    cursor: string | undefined;
    accounts: ReadonlyMap<string, string>;
  }): Promise<{ gaps: GapSeen[]; total: number; totalIsExact: boolean; next: string | null }> {
    const { account, limit, cursor } = of;
    const network = account?.network ?? of.network;
    const page = await this.#catalogue.search({
      filters: {
        kinds: ["gap"],
        ...(of.from !== undefined && { from: of.from }),
        ...(of.to !== undefined && { to: of.to }),
        ...(account && { account: account.identifier ?? account.id }),
        ...(network && { network }),
      },
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    return {
      gaps: await this.#gaps(page.results, (ref) => of.accounts.get(ref.keys.account) ?? null),
      total: page.total,
      totalIsExact: page.totalIsExact,
      next: page.next ?? null,
    };
  }

  async #gaps(refs: readonly RecordRef[], accountOf: (ref: RecordRef) => string | null): Promise<GapSeen[]> {
    const records = await this.#reading.open(refs);
    return records.flatMap((record, i) => {
      const ref = refs[i];
      return record && ref ? [gapSeen(record, accountOf(ref))] : [];
    });
  }

  async #stretches(refs: readonly RecordRef[]): Promise<Stretch[]> {
    const unknown = refs.filter(({ id }) => !this.#known.has(id));
    const opened = await this.#reading.open(unknown);
    if (this.#known.size + opened.length > REMEMBERED) this.#known.clear();
    for (const [i, record] of opened.entries()) {
      const { id } = unknown[i] as RecordRef;
      const coverage = record?.coverage;
      if (coverage) {
        const { from, to, state } = coverage;
        this.#known.set(id, { from: Date.parse(from), to: Date.parse(to), state });
      }
    }
    return refs.flatMap(({ id }) => this.#known.get(id) ?? []);
  }
}

function gapSeen(record: ArchiveRecord, account: string | null): GapSeen {
  const { id, network, custodian, sender, gap, capturedAt } = record;
  const saidBySomebody = sender !== undefined;
  return {
    id,
    network,
    account,
    custodian: custodian ?? null,
    from: gap?.from ?? null,
    to: gap?.to ?? null,
    why: saidBySomebody ? null : (gap?.why ?? null),
    saidBySomebody,
    capturedAt,
  };
}
