import type { Captured, Event } from "@daybook/contract";
import { CONNECTOR } from "../options.ts";
import { NOBODY, type Numbers, type Sides } from "../reading/sides.ts";
import type { Address } from "../smpp/index.ts";
import type { Medium, Said } from "./reading/said.ts";
import { sha256, type WebhookSource } from "./source.ts";

/** An event, and the media that its message names. */
export interface Draft extends Captured {
  readonly media: readonly Medium[];
  /** Under which the message is known to be recorded; undefined for what is no message. */
  readonly known: string | undefined;
}

/** What an item came in. */
export interface Bearing {
  readonly source: Pick<WebhookSource, "name" | "provider">;
  /** The evidence. */
  readonly raw: Buffer;
  /** Of what is the same at every delivery, where the item cannot be read. */
  readonly digest: string;
  readonly receivedAt: Date;
}

const INTERNATIONAL = 1;
const UNKNOWN_TYPE = 0;

/** The name of a message in records: of its source, and what that calls it. */
export function nameOf({ name }: Pick<WebhookSource, "name">, id: string): string {
  return `${name}:${id}`.toWellFormed();
}

/** Of what of a message is the same by a webhook, by a list, and as it was sent. */
export function stableDigestOf({ id, from, to, text, media }: Digested): string {
  return sha256(JSON.stringify([id, from, to, text, media.length]));
}

type Digested = Pick<Extract<Said, { what: "message" }>, "id" | "from" | "to" | "text" | "media">;

/**
 * What an item says, as an event. A message that is told of twice, or listed later, is the same record: its words, sides and
 * count of media are what is the same. Otherwise it is a second record under its id.
 */
export function draftOf(said: Said, of: Bearing, numbers: Numbers): Draft {
  const { source, raw, digest, receivedAt } = of;
  const base = {
    v: 1,
    network: "sms",
    method: "carrier",
    provenance: "captured",
    receivedAt: receivedAt.toISOString(),
    raw: raw.toString("base64"),
    connector: CONNECTOR,
  } as const;
  if (said.what === "unread")
    return {
      eventId: `${source.name}:unread:${digest}`,
      stableDigest: digest,
      event: { ...base, account: NOBODY, kind: "gap", gap: { why: said.why } },
      media: [],
      known: undefined,
    };
  const name = nameOf(source, said.id);
  const at = said.sentAt === undefined ? receivedAt.getTime() : Date.parse(said.sentAt);
  const sides = sidesOf(said, source, numbers, at);
  const sentAt = said.sentAt === undefined ? {} : { sentAt: said.sentAt };
  if (said.what === "status") {
    const { status, error } = said;
    const text = error === undefined ? status : `${status} (error ${error})`;
    return {
      eventId: `${name}:status:${status}`.slice(0, 512).toWellFormed(),
      stableDigest: sha256(JSON.stringify([said.id, status, error ?? null])),
      event: { ...base, ...sides, ...sentAt, kind: "receipt", target: name, text: text.toWellFormed() },
      media: [],
      known: undefined,
    };
  }
  const { text, media } = said;
  return {
    eventId: name,
    stableDigest: stableDigestOf(said),
    event: { ...base, ...sides, ...sentAt, kind: "message", networkId: name, text: text.toWellFormed() },
    media,
    known: name,
  };
}

/** In place of an event that does not fit the schema, its bytes. */
export function bytesOf({ eventId, stableDigest, event }: Draft): Captured {
  const { v, network, method, provenance, account, custodian, receivedAt, raw, connector } = event;
  const gap = { why: "What a webhook told of could not be read: its bytes are kept" };
  const of: Omit<Event, "attachments" | "capturedAt"> = {
    ...{ v, network, method, provenance, account, raw, connector, kind: "gap", gap },
    ...(custodian && { custodian }),
    ...(receivedAt !== undefined && { receivedAt }),
  };
  return { eventId, stableDigest, event: of };
}

export function sidesOf(
  { from, to }: { readonly from: string; readonly to: string },
  source: Pick<WebhookSource, "provider">,
  numbers: Numbers,
  at: number,
): Sides {
  return numbers.sides(addressOf(from, source), addressOf(to, source), at);
}

/** Vonage writes numbers with their country and without a plus. */
function addressOf(written: string, { provider }: Pick<WebhookSource, "provider">): Address {
  const isInternational = provider === "vonage" && /^\d+$/.test(written);
  return { ton: isInternational ? INTERNATIONAL : UNKNOWN_TYPE, npi: 0, address: written };
}
