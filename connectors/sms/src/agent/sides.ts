import type { AgentAccount, Event, Party } from "@daybook/contract";
import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/max";
import { numberIn, type ProviderRow, textIn } from "./row.ts";

// Of `PduHeaders`, by which the provider tells addresses apart.
const FROM = 0x89;
const TO: ReadonlySet<number> = new Set([0x97, 0x82, 0x81]);
/** What the provider writes for the device's own number. */
const OWN = "insert-address-token";

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
export function sidesOf(row: ProviderRow, { account, custodian }: AgentAccount): Sides {
  const home = parsePhoneNumberFromString(account);
  // Of several that share a code, and a way to write numbers, the first is as good.
  const country = home?.country ?? home?.getPossibleCountries()[0];
  const idOf = (written: string) => (written === OWN ? account : addressId(written, country));
  const party = (id: string): Party => ({ id, name: id === account ? custodian.name : "" });
  const box = boxOf(row);
  const address = textIn(row, "address");
  const named = (types: ReadonlySet<number>) => [
    ...new Set(row.addresses.filter(({ type }) => types.has(type)).map((one) => idOf(one.address))),
  ];
  const single = address === undefined ? [] : [idOf(address)];
  const [from] = row.table === "sms" ? single : named(new Set([FROM]));
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
  return { id: `group:${all}`.slice(0, 512), title: all.slice(0, 1_024), kind: "group" };
}

/** Short codes and names of senders are no numbers, and stay as they are. */
function addressId(written: string, country: CountryCode | undefined): string {
  const address = written.trim().toWellFormed();
  const digits = address.replace(/[\s().-]/g, "");
  if (!/^\+?\d{7,20}$/.test(digits)) return address.slice(0, 512) || "unknown";
  const number = parsePhoneNumberFromString(digits, digits.startsWith("+") ? undefined : country);
  return number?.isPossible() ? number.number : digits;
}
