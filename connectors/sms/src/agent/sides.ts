import { createHash } from "node:crypto";
import type { AgentAccount, Event, Party } from "@daybook/contract";
import { countryOf, idOf as numberOf } from "../reading/number.ts";
import { numberIn, type ProviderRow, textIn } from "./row.ts";

// Of `PduHeaders`, by which the provider tells addresses apart.
export const FROM_TYPE = 0x89;
const TO: ReadonlySet<number> = new Set([0x97, 0x82, 0x81]);
/** What the provider writes for the device's own number. */
export const OWN_ADDRESS = "insert-address-token";
const MAX_ID = 512;
const MAX_TITLE = 1_024;

// `TextBasedSmsColumns.MESSAGE_TYPE_*`; an MMS has the same in `msg_box`.
const INBOX = 1;
const DRAFT = 3;
const OUTGOING: ReadonlySet<number> = new Set([2, 4, 5, 6]);

/** Whose a message is, and with whom. */
export type Sides = Pick<Event, "conversation" | "sender" | "recipients" | "direction">;

/** Where a row lies. */
export type Box = "incoming" | "outgoing" | "draft" | "unknown";

export function boxOf(row: ProviderRow): Box {
  const box = numberIn(row, row.table === "sms" ? "type" : "msg_box");
  if (box === INBOX) return "incoming";
  if (box === DRAFT) return "draft";
  return box !== undefined && OUTGOING.has(box) ? "outgoing" : "unknown";
}

/**
 * Who wrote, and to whom. People are known by their number, E.164 where it is one: so they are by every other way in. A
 * conversation with one is that number; with several, all of them.
 */
export function sidesOf(row: ProviderRow, { account, custodian }: Omit<AgentAccount, "agent">): Sides {
  const country = countryOf(account);
  const idOf = (written: string) =>
    written === OWN_ADDRESS
      ? account
      : numberOf({ ton: 0, address: written }, country).slice(0, MAX_ID).toWellFormed() || "unknown";
  const party = (id: string): Party => ({ id, name: id === account ? custodian.name : "" });
  const box = boxOf(row);
  const address = textIn(row, "address");
  const named = (types: ReadonlySet<number>) => [
    ...new Set(row.addresses.filter(({ type }) => types.has(type)).map((one) => idOf(one.address))),
  ];
  const single = address === undefined ? [] : [idOf(address)];
  const [from] = row.table === "sms" ? single : named(new Set([FROM_TYPE]));
  const to = row.table === "sms" ? single : named(TO);
  const sender = box === "outgoing" ? account : from;
  const recipients = box === "outgoing" || row.table === "mms" ? to : [account];
  const thread = (row.thread?.recipients ?? []).map(idOf);
  const seen = thread.length > 0 ? thread : [...(sender === undefined ? [] : [sender]), ...recipients];
  const others = [...new Set(seen)].filter((id) => id !== account).sort();
  return {
    ...(others.length > 0 && { conversation: conversationOf(others) }),
    ...(sender !== undefined && { sender: party(sender) }),
    ...(recipients.length > 0 && { recipients: recipients.map(party) }),
    ...((box === "incoming" || box === "outgoing") && { direction: box }),
  };
}

function conversationOf(others: readonly string[]): NonNullable<Event["conversation"]> {
  const all = others.join(", ");
  const [only] = others;
  if (only !== undefined && others.length === 1) return { id: only, title: only, kind: "direct" };
  const id = `group:${all}`;
  return {
    id: id.length <= MAX_ID ? id : `group:${createHash("sha256").update(all).digest("hex")}`,
    title: all.slice(0, MAX_TITLE).toWellFormed(),
    kind: "group",
  };
}
