import type { CatalogueReader, Extent, Tally } from "@daybook/catalogue";
import type { EventKind } from "@daybook/contract";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import type { Listening, Timeline } from "../health/listening.ts";
import type { Device, Devices } from "../posts/devices.ts";
import { type OwnAccount, ownAccounts } from "./own-accounts.ts";

/** What was captured of an account while it was one person's. */
export interface CapturedAccount extends OwnAccount {
  /** All that there is of theirs. */
  readonly total: number;
  readonly first: string | null;
  readonly last: string | null;
  /** Within the period: days with something. */
  readonly days: readonly { readonly day: string; readonly kind: EventKind; readonly records: number }[];
  /** Within the period, and the time for which it was theirs. */
  readonly coverage: Timeline["stretches"];
  readonly gaps: readonly {
    readonly from: string | null;
    readonly to: string | null;
    readonly why: string | null;
  }[];
}

/** A device that an account of theirs was on. */
export interface OwnDevice {
  readonly id: string;
  readonly label: string;
  readonly ownership: Device["ownership"];
  readonly account: string;
  readonly from: string;
  readonly to: string | null;
}

interface Period {
  readonly from: string;
  readonly to: string;
}

interface CapturedOptions {
  readonly database: Database;
  readonly cells: Cells;
  readonly catalogue: CatalogueReader;
  readonly listening: Pick<Listening, "timeline">;
  readonly devices: Pick<Devices, "uses" | "get">;
  /** By which days begin: IANA. */
  readonly zone: string;
}

/** What Daybook has of people, told to themselves and whoever speaks for them: figures and intervals, no content. */
export class Captured {
  readonly #of: CapturedOptions;

  constructor(of: CapturedOptions) {
    this.#of = of;
  }

  /** By account, the newest first. @param period.to exclusive; no more than `MAX_VOLUME_DAYS` */
  async accounts(custodians: readonly string[], period: Period): Promise<CapturedAccount[]> {
    if (custodians.length === 0) return [];
    const { catalogue, zone } = this.#of;
    const own = await ownAccounts(this.#of, custodians);
    const told: CapturedAccount[] = [];
    for (const custodian of new Set(own.map((one) => one.custodian.id))) {
      // What the archive holds of an account is another's, for as long as the account was.
      const reader = catalogue.within([custodian]);
      const [extents, tallies] = await Promise.all([reader.extents(), reader.tallies({ ...period, zone })]);
      for (const account of own.filter((one) => one.custodian.id === custodian))
        told.push(await this.#account(account, period, { extents, tallies }));
    }
    return told;
  }

  /** The devices that their accounts were on, oldest first. */
  async devices(custodians: readonly string[]): Promise<OwnDevice[]> {
    const { devices } = this.#of;
    const own = await ownAccounts(this.#of, custodians);
    const uses = await devices.uses({ accounts: [...new Set(own.map(({ id }) => id))] });
    const theirs = uses.flatMap(({ account, device, ...use }) =>
      own
        .filter(({ id }) => id === account)
        .flatMap((one) => {
          const span = overlap(use, one);
          return span ? [{ account, device, ...span }] : [];
        }),
    );
    const known = new Map<string, Device>();
    for (const { device } of theirs) if (!known.has(device)) known.set(device, await devices.get(device));
    return theirs.flatMap(({ device, ...use }) => {
      const found = known.get(device);
      return found ? [{ ...use, id: device, label: found.label, ownership: found.ownership }] : [];
    });
  }

  async #account(
    account: OwnAccount,
    period: Period,
    { extents, tallies }: { extents: readonly Extent[]; tallies: readonly Tally[] },
  ): Promise<CapturedAccount> {
    const { catalogue, listening } = this.#of;
    const key = catalogue.accountKey(account.network, account.identifier ?? account.id);
    const extent = extents.find((one) => one.account === key);
    const span = overlap(period, account);
    const timeline =
      span?.to == null ? undefined : await listening.timeline(account, { from: span.from, to: span.to });
    return {
      ...account,
      total: extent?.records ?? 0,
      first: extent?.first ?? null,
      last: extent?.last ?? null,
      days: tallies
        .filter((one) => one.account === key)
        .map(({ day, kind, records }) => ({ day, kind, records })),
      coverage: timeline?.stretches ?? [],
      gaps: timeline?.gaps.map(({ from, to, why }) => ({ from, to, why })) ?? [],
    };
  }
}

interface Span {
  readonly from: string;
  readonly to: string | null;
}

/** What is in both; undefined where nothing is. */
function overlap(a: Span, b: Span): Span | undefined {
  const from = a.from > b.from ? a.from : b.from;
  const to = a.to === null ? b.to : b.to === null || a.to < b.to ? a.to : b.to;
  return to === null || from < to ? { from, to } : undefined;
}
