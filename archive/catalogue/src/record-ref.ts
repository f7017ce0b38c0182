import type { Event, EventKind, Method, Network } from "@daybook/contract";
import { kindOf, methodOf, networkOf, provenanceOf, shardOf } from "./codes.ts";
import type { Cells } from "./connection.ts";
import { FLAG_PARTLY_INDEXED, FLAG_ZONE_UNKNOWN, type LeafPosition } from "./row.ts";

/** What the catalogue knows of a record: where it is, and nothing that it says. */
export interface RecordRef extends LeafPosition {
  readonly id: string;
  readonly kind: EventKind;
  readonly network: Network;
  readonly method: Method;
  readonly provenance: Event["provenance"];
  /** The time it sorts by: ISO, UTC, milliseconds; the wall clock where `zoneUnknown`. */
  readonly at: string;
  readonly zoneUnknown: boolean;
  readonly capturedAt: string;
  readonly attachments: number;
  /** It has more different words than are indexed: some do not find it. */
  readonly partlyIndexed: boolean;
  /** Keyed identifiers, decimal: equal where what they stand for is equal. */
  readonly keys: {
    readonly account: string;
    readonly custodian?: string;
    readonly conversation?: string;
    readonly sender?: string;
    readonly networkId?: string;
    readonly target?: string;
    readonly replyTo?: string;
    readonly source?: string;
    readonly matter?: string;
  };
  /** The interval that a gap or coverage record speaks of: ISO. */
  readonly span?: { readonly from: string; readonly to: string };
}

const ms = (column: string) => `(extract(epoch FROM r.${column}) * 1000)::bigint`;

/** What to select, from `catalogue.record r` joined with its `catalogue.segment s`, for `refOf`. */
export const REF_COLUMNS = `r.id, r.shard, r.idx, r.segment, encode(s.digest, 'hex'), r.off, r.len, r.kind, r.network,
  r.method, r.provenance, ${ms("at")}, ${ms("captured_at")}, r.attachments, r.flags, r.account, r.custodian,
  r.conversation, r.sender, r.network_id, r.target, r.reply_to, r.source, r.matter, ${ms("span_from")}, ${ms("span_to")}`;

export const REF_SOURCE =
  "catalogue.record r JOIN catalogue.segment s ON s.shard = r.shard AND s.first_index = r.segment";

/** @param row the cells of `REF_COLUMNS` */
export function refOf(row: Cells): RecordRef {
  const text = (at: number) => row[at] ?? "";
  const number = (at: number) => Number(row[at]);
  const key = (at: number) => row[at] ?? undefined;
  const iso = (at: number) => new Date(number(at)).toISOString();
  const flags = number(14);
  return {
    id: text(0).replaceAll("-", ""),
    shard: shardOf(number(1)),
    index: number(2),
    segment: { firstIndex: number(3), digest: text(4) },
    off: number(5),
    len: number(6),
    kind: kindOf(number(7)),
    network: networkOf(number(8)),
    method: methodOf(number(9)),
    provenance: provenanceOf(number(10)),
    at: iso(11),
    zoneUnknown: (flags & FLAG_ZONE_UNKNOWN) !== 0,
    capturedAt: iso(12),
    attachments: number(13),
    partlyIndexed: (flags & FLAG_PARTLY_INDEXED) !== 0,
    keys: {
      account: text(15),
      ...present("custodian", key(16)),
      ...present("conversation", key(17)),
      ...present("sender", key(18)),
      ...present("networkId", key(19)),
      ...present("target", key(20)),
      ...present("replyTo", key(21)),
      ...present("source", key(22)),
      ...present("matter", key(23)),
    },
    ...(row[24] === null || row[24] === undefined ? {} : { span: { from: iso(24), to: iso(25) } }),
  };
}

function present<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}
