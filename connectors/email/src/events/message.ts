import {
  type Captured,
  ConnectorError,
  type Event,
  type SealedAttachment,
  type Sink,
} from "@daybook/contract";
import { type HeaderBlock, sha256 } from "../reading/header-block.ts";
import type { Authenticity, ReadAttachment, ReadResult } from "../reading/reading.ts";
import { fieldsOf, type MoreRecipients } from "./fields.ts";

/** How this connector names itself in records. */
export const CONNECTOR = { name: "email", version: "1" } as const;

/** Bytes of a message that an event holds itself; a larger one is an attachment of it, and `raw` has its header. */
const RAW_BYTES = 600_000;
const RAW_HEADER_BYTES = 256 * 1024;
/** An event takes 1,000, of which the message itself is one. */
const MAX_ATTACHMENTS = 998;

/** What the way that a message came by says of it. */
export type About = Pick<Event, "method" | "provenance" | "account"> &
  Partial<Pick<Event, "custodian" | "direction" | "receivedAt" | "source" | "forwarded">>;

/** One message, as far as it could be read, on its way to its events. */
export interface MailParts {
  /** The same at every redelivery, without the account. */
  readonly eventId: string;
  readonly stableDigest: string;
  /** All bytes that were delivered: what `raw` holds. */
  readonly delivered: Uint8Array;
  /** The message that was read: of a journal report the one within. */
  readonly block: HeaderBlock;
  readonly stable: Uint8Array;
  readonly result: ReadResult;
  readonly more?: MoreRecipients;
  /** The message within, where `delivered` is not the message itself. */
  readonly enclosed?: readonly ReadAttachment[];
  readonly authenticity?: Authenticity | undefined;
  /** Of what is no message of a person, though it came as one. */
  readonly kind?: "notice";
  /** More than the reading says: in our own words. */
  readonly doubts?: readonly string[];
  /** What else the notice says: sentences in our own words. */
  readonly remarks?: readonly string[];
  /** Facts of the way, for the notice: addresses may be among them, no text. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * The events of one message in one account: the message, and where there is something to know of it, a notice that
 * says what could be verified and what is in doubt, with the evidence in its `raw`. Attachments are sealed first.
 *
 * @throws {ConnectorError} retryable: nothing was captured
 */
export async function eventsOf(
  parts: MailParts,
  about: About,
  sink: Pick<Sink, "attach"> | undefined,
): Promise<Captured[]> {
  const { eventId, stableDigest, delivered, block, stable, result, more } = parts;
  const read = result.refused === undefined ? result : { refused: result.refused, block };
  const { fields, doubts } = fieldsOf(read, { block, stable, ...(more && { more }) });
  const core = { v: 1, network: "email", ...about, connector: CONNECTOR } as const;
  const isSmall = delivered.length <= RAW_BYTES;
  const attachments: SealedAttachment[] = [];
  const gaps: Captured[] = [];
  // Nothing is sealed of what scope leaves out: its events are counted.
  const seal = async ({ name, mediaType, content }: ReadAttachment) => {
    if (!sink) return;
    const label = { name: nameOf(name), mediaType: mediaTypeOf(mediaType) };
    try {
      attachments.push(await sink.attach(chunksOf(content), label));
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== "too-large") throw error;
      gaps.push({
        eventId: `${eventId}:gap:${attachments.length + gaps.length}`,
        stableDigest,
        event: {
          ...core,
          kind: "gap",
          conversation: fields.conversation,
          gap: { why: "An attachment is missing: it is larger than is kept", about: label.name },
          raw: "",
        },
      });
    }
  };
  if (!isSmall) await seal({ name: "message.eml", mediaType: "message/rfc822", content: delivered });
  for (const one of parts.enclosed ?? []) await seal(one);
  const inside = result.refused === undefined ? result.reading.attachments : [];
  for (const one of inside.slice(0, MAX_ATTACHMENTS)) await seal(one);
  if (inside.length > MAX_ATTACHMENTS) doubts.push("it has more attachments than are sealed by themselves");
  if (!isSmall) doubts.push("it is kept whole as its attachment message.eml; raw holds its beginning");
  const raw = isSmall ? delivered : delivered.subarray(0, RAW_HEADER_BYTES);
  return [
    {
      eventId,
      stableDigest,
      ...(attachments.length > 0 && { attachments }),
      event: { ...core, kind: parts.kind ?? "message", ...fields, raw: Buffer.from(raw).toString("base64") },
    },
    ...gaps,
    ...noticeOf(parts, { ...core, conversation: fields.conversation, target: fields.networkId }, [
      ...doubts,
      ...(parts.doubts ?? []),
    ]),
  ];
}

/** What a message becomes where its event does not fit after all: its bytes alone. */
export function inPlaceOf({ eventId, stableDigest, attachments, event }: Captured): Captured {
  const { v, network, method, provenance, account, custodian, raw, connector } = event;
  return {
    eventId,
    stableDigest,
    ...(attachments && { attachments }),
    event: {
      ...{ v, network, method, provenance, account, raw, connector },
      ...(custodian && { custodian }),
      kind: event.kind === "message" ? "message" : "notice",
    },
  };
}

function noticeOf(
  { eventId, stableDigest, authenticity, facts, result, remarks = [] }: MailParts,
  core: Omit<Event, "attachments" | "capturedAt" | "kind" | "raw">,
  doubts: readonly string[],
): Captured[] {
  const signatures = authenticity?.signatures ?? [];
  const said = [
    ...(result.refused === undefined ? [] : ["This message could not be read: its bytes are kept."]),
    ...remarks,
    ...signatures.map(signatureInWords),
    ...(authenticity?.unchecked === undefined
      ? []
      : [`Not all was checked that signs it: ${authenticity.unchecked}.`]),
    ...doubts.map((doubt) => `In doubt: ${doubt}.`),
  ];
  if (said.length === 0) return [];
  const evidence = JSON.stringify({ v: 1, ...(authenticity && { authenticity }), doubts, ...facts });
  return [
    {
      eventId: `${eventId}:facts`,
      stableDigest,
      event: {
        ...core,
        kind: "notice",
        text: said.join("\n").slice(0, 20_000),
        raw: Buffer.from(evidence.slice(0, 500_000)).toString("base64"),
      },
    },
  ];
}

function signatureInWords({
  kind,
  result,
  domain,
  aligned,
  doubts,
}: Authenticity["signatures"][number]): string {
  const whose = domain === undefined ? "" : ` of ${domain}`;
  const whom =
    kind === "dkim" ? (aligned ? ", the domain of From" : ", which is not the one domain of From") : "";
  const but = doubts.length > 0 ? ` (${doubts.join("; ")})` : "";
  return `${kind.toUpperCase()}${whose}${whom}: ${result}${but}.`;
}

/** The id of what is known by its bytes. */
export function idOf(
  way: string,
  ...parts: readonly (Uint8Array | string)[]
): { eventId: string; stableDigest: string } {
  const digest = sha256(...parts);
  return { eventId: `${way}:${digest}`, stableDigest: digest };
}

function nameOf(name: string): string {
  return name.toWellFormed().slice(0, 255) || "unnamed";
}

function mediaTypeOf(mediaType: string): string {
  return /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(mediaType) ? mediaType : "application/octet-stream";
}

async function* chunksOf(content: Uint8Array, chunkBytes = 262_144): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkBytes)
    yield await Promise.resolve(content.subarray(at, at + chunkBytes));
}
