import type { Network } from "@daybook/contract";
import { foldIdentifier } from "../posts/custody.ts";

const NUMBER = /^\+\d{5,15}$/;

/** What Messages calls a conversation of two with somebody. */
const CHATS = ["iMessage", "SMS", "RCS", "any"];

/**
 * Every way in which records of a network write a number or address, as senders and as conversations of two: a number with
 * its country, as WhatsApp's accounts and chats have it, or as somebody's app showed it in an export.
 */
export function writtenIds(network: Network, identifier: string): string[] {
  const folded = foldIdentifier(identifier);
  const ids = [identifier.trim(), folded];
  if (network === "whatsapp" && NUMBER.test(folded)) {
    const digits = folded.slice(1);
    ids.push(digits, `${digits}@c.us`, `${digits}@s.whatsapp.net`);
  }
  if (network === "imessage" || network === "sms")
    ids.push(...CHATS.map((service) => `${service};-;${folded}`));
  return [...new Set(ids)];
}
