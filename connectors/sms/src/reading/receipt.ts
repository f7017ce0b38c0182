import { TAG, type Tlv } from "../smpp/index.ts";
import { numberIn, type Part } from "./part.ts";

const DELIVERED = "delivered";
/** message_state. SMPP 3.4, 5.2.28 */
const STATES: Readonly<Record<number, string>> = {
  1: "on its way",
  2: DELIVERED,
  3: "expired",
  4: "deleted",
  5: "undeliverable",
  6: "accepted",
  7: "unknown",
  8: "rejected",
};
/** As a receipt's text has them. SMPP 3.4, appendix B */
const WORDS: Readonly<Record<string, string>> = {
  ENROUTE: "on its way",
  DELIVRD: DELIVERED,
  EXPIRED: "expired",
  DELETED: "deleted",
  UNDELIV: "undeliverable",
  ACCEPTD: "accepted",
  UNKNOWN: "unknown",
  REJECTD: "rejected",
};

/** What became of a message that was sent. */
export interface Receipt {
  /** Names that the message may have been given when it was sent, the surest first; each as it is written. */
  readonly ids: readonly string[];
  readonly text: string;
  readonly isDelivered: boolean;
}

/** What a receipt says. Its text is ASCII whatever its data_coding says. */
export function readReceipt({ tlvs, content }: Pick<Part, "tlvs" | "content">): Receipt {
  const words = content.toString("latin1");
  const stat = /\bstat:\s*(\w{1,16})/i.exec(words)?.[1]?.toUpperCase();
  const state = numberIn(tlvs, TAG.message_state, 1);
  const error = /\berr:\s*(\w{1,16})/i.exec(words)?.[1];
  const became =
    (state === undefined ? undefined : STATES[state]) ?? (stat && (WORDS[stat] ?? stat)) ?? "unknown";
  const ids = [receiptedId(tlvs), /\bid:\s*([^\s\0]{1,65})/i.exec(words)?.[1]];
  const failed = error === undefined || /^0+$/.test(error) ? "" : ` (error ${error})`;
  return {
    ids: ids.filter((id) => id !== undefined),
    text: `${became}${failed}`,
    isDelivered: became === DELIVERED,
  };
}

/**
 * The forms in which an id may be written: some aggregators answer in hexadecimal what they receipt in decimal, or the other
 * way about, with leading zeros or without.
 */
export function formsOf(id: string): string[] {
  const forms = new Set([id, id.toLowerCase()]);
  if (/^\d{1,20}$/.test(id)) forms.add(BigInt(id).toString(16)).add(BigInt(id).toString());
  if (/^[0-9a-f]{1,16}$/i.test(id))
    forms.add(BigInt(`0x${id}`).toString()).add(BigInt(`0x${id}`).toString(16));
  return [...forms];
}

/** The forms under which `formsOf` has it, however it is written: as it is, and without capitals or leading zeros. */
export function plainOf(id: string): string[] {
  const small = id.toLowerCase();
  return [...new Set([id, small, small.replace(/^0+(?=.)/, "")])];
}

/** A NUL ends it, but only at its end. */
function receiptedId(tlvs: readonly Tlv[]): string | undefined {
  const value = tlvs.find(({ tag }) => tag === TAG.receipted_message_id)?.value.toString("latin1");
  const id = value?.replace(/\0+$/, "");
  return id === undefined || id === "" ? undefined : id.slice(0, 400);
}
