import { createHash } from "node:crypto";
import type { Captured, Event } from "@daybook/contract";
import { CONNECTOR } from "../options.ts";
import { headerOf } from "../smpp/index.ts";
import { textOf } from "./alphabet.ts";
import type { Part } from "./part.ts";
import { NOBODY, type Sides } from "./sides.ts";

/** A PDU that came: which it is among those with the same bytes, and when it came first. */
export interface Heard {
  readonly raw: Buffer;
  readonly digest: string;
  /** Tells it from another with the same bytes. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A message as its parts make it up. */
export interface Whole {
  /** By their numbers, from 1. */
  readonly parts: ReadonlyMap<number, Heard & { readonly part: Part }>;
  readonly total: number;
  /** Of its first part that came. */
  readonly token: string;
  readonly at: number;
}

const SEQUENCE_AT = 12;

/** SHA-256, hex, of what is the same at each delivery: all but its length, its status and its sequence number. */
export function digestOf(raw: Buffer): string {
  const command = Buffer.alloc(4);
  command.writeUInt32BE(headerOf(raw).commandId);
  return sha256([command, raw.subarray(SEQUENCE_AT + 4)]);
}

/** What a single PDU says. */
export function messageOfOne(heard: Heard, part: Part, sides: Sides): Captured {
  return messageOf(new Map([[1, { ...heard, part }]]), { ...heard, total: 1 }, sides);
}

/** @param said which message it is about, and what became of that */
export function receiptOf(
  heard: Heard,
  { target, text }: Pick<Event, "target" | "text">,
  sides: Sides,
): Captured {
  const said = { kind: "receipt" as const, text, ...(target !== undefined && { target }) };
  return captured([heard], heard, { ...sides, ...said });
}

/** A message of several parts; one that is not whole has a gap beside it. */
export function eventsOfWhole({ parts, total, ...of }: Whole, sides: Sides, until: number): Captured[] {
  const message = messageOf(parts, { ...of, total }, sides);
  const missing = total - parts.size;
  if (missing === 0) return [message];
  const { eventId, stableDigest, event } = message;
  const { networkId, raw: _raw, text: _text, ...about } = event;
  const why = `${missing} of the ${total} parts of this message never came`;
  const gap = {
    from: new Date(of.at).toISOString(),
    to: new Date(until).toISOString(),
    why,
    ...(networkId !== undefined && { about: networkId }),
  };
  const target = networkId === undefined ? {} : { target: networkId };
  return [
    message,
    { eventId: `${eventId}:gap`, stableDigest, event: { ...about, ...target, kind: "gap", gap, raw: "" } },
  ];
}

/** Bytes that are no message which anybody could read: a gap that holds them. */
export function unreadable(heard: Heard): Captured {
  const gap = { why: "A PDU could not be read: its bytes are kept" };
  return captured([heard], heard, { account: NOBODY, kind: "gap", gap });
}

/** In place of an event that does not fit the schema. */
export function inPlaceOf({ eventId, stableDigest, event }: Captured): Captured {
  const { v, network, method, provenance, account, custodian, receivedAt, raw, connector } = event;
  const gap = { why: "A message could not be read: its bytes are kept" };
  return {
    eventId,
    stableDigest,
    event: {
      ...{ v, network, method, provenance, account, raw, connector, kind: "gap", gap },
      ...(custodian && { custodian }),
      ...(receivedAt !== undefined && { receivedAt }),
    },
  };
}

function messageOf(
  parts: Whole["parts"],
  of: { readonly token: string; readonly at: number; readonly total: number },
  sides: Sides,
): Captured {
  const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, heard]) => heard);
  return captured(inOrder, of, { ...sides, ...saidBy(parts, of.total) });
}

function captured(
  heard: readonly Heard[],
  { token, at }: { readonly token: string; readonly at: number },
  said: Pick<Event, "account" | "kind"> & Partial<Event>,
): Captured {
  const [first] = heard;
  const digest = heard.length === 1 && first ? first.digest : sha256(heard.map((one) => one.digest));
  const eventId = `smpp:${digest}:${token}`;
  return {
    eventId,
    stableDigest: digest,
    event: {
      v: 1,
      network: "sms",
      method: "carrier",
      provenance: "captured",
      receivedAt: new Date(at).toISOString(),
      networkId: eventId,
      raw: Buffer.concat(heard.map(({ raw }) => raw)).toString("base64"),
      connector: CONNECTOR,
      ...said,
    },
  };
}

type Said = Pick<Event, "kind"> & Partial<Pick<Event, "text" | "gap">>;

function saidBy(parts: Whole["parts"], total: number): Said {
  const all = [...parts.values()].map(({ part }) => part);
  const bytes = all.reduce((sum, { content }) => sum + content.length, 0);
  if (all.some(({ hasBadHeader }) => hasBadHeader))
    return { kind: "gap", gap: { why: "The header of this message contradicts itself: its bytes are kept" } };
  const port = all.find((part) => part.port !== undefined)?.port;
  if (all.some(({ alphabet }) => alphabet === "binary")) {
    const to = port === undefined ? "" : ` to an application's port ${port}`;
    return { kind: "notice", text: `A binary message of ${bytes} bytes${to}: its bytes are kept` };
  }
  if (all.some(({ alphabet }) => alphabet === "unknown"))
    return {
      kind: "gap",
      gap: { why: "This message is in an alphabet that cannot be read here: its bytes are kept" },
    };
  return { kind: "message", text: textAcross(parts, total) };
}

/** Bytes of neighbouring parts are joined before they are read: a letter may stand half in one and half in the next. */
function textAcross(parts: Whole["parts"], total: number): string {
  let text = "";
  let run: Part[] = [];
  const end = () => {
    const [first] = run;
    if (first)
      text += textOf(Buffer.concat(run.map(({ content }) => content)), first.alphabet, first.shift) ?? "";
    run = [];
  };
  for (let number = 1; number <= total; number += 1) {
    const part = parts.get(number)?.part;
    const [first] = run;
    if (first && (part?.alphabet !== first.alphabet || !hasSameShift(part, first))) end();
    if (part) run.push(part);
    else text += `[part ${number} of ${total} is missing]`;
  }
  end();
  return text.toWellFormed();
}

function hasSameShift({ shift: a }: Part, { shift: b }: Part): boolean {
  return a.single === b.single && a.locking === b.locking;
}

function sha256(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
