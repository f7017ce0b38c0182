import type { RelayFailure } from "@daybook/contract";
import { z } from "zod";
import { error } from "../reading/schema.ts";

/** What an answer of Meta's means for a message. */
export type Judged =
  | { readonly state: "accepted"; readonly networkId: string }
  | { readonly state: "failed"; readonly code: RelayFailure; readonly why: string }
  /** It was not sent, and may be sent again. */
  | { readonly state: "again" }
  | { readonly state: "unknown" };

const accepted = z.looseObject({
  messages: z.array(z.looseObject({ id: z.string().min(1).max(400) })).min(1),
});
const refused = z.looseObject({ error });

const RATE = "WhatsApp takes no more messages just now: wait some minutes, then send it again";
const TOKEN =
  "WhatsApp refuses Daybook's access: an administrator has to renew the access token or its rights";
const TEMPLATE =
  "more than 24 hours have passed since they last wrote: only an approved template may be sent until they write again";
const ACCOUNT =
  "WhatsApp has restricted or locked the number: an administrator has to look at Meta's business settings";

/** Meta's codes in the words of an official. */
const FAILURES: Readonly<Record<string, readonly [RelayFailure, string]>> = {
  0: ["unlinked", TOKEN],
  3: ["unlinked", TOKEN],
  10: ["unlinked", TOKEN],
  190: ["unlinked", TOKEN],
  200: ["unlinked", TOKEN],
  4: ["rate-limited", RATE],
  80007: ["rate-limited", RATE],
  130429: ["rate-limited", RATE],
  131048: [
    "rate-limited",
    "WhatsApp holds the number back, as people reported its messages: an administrator has to look",
  ],
  131056: [
    "rate-limited",
    "too many messages went to this person in a short time: wait some minutes, then send it again",
  ],
  131047: ["refused", TEMPLATE],
  131026: [
    "no-such-recipient",
    "WhatsApp cannot deliver to this person: they may have no WhatsApp, or an old one",
  ],
  131021: ["no-such-recipient", "that is the number's own conversation"],
  131030: [
    "no-such-recipient",
    "the number is for trials, and this person is not among those it may write to",
  ],
  131031: ["unlinked", ACCOUNT],
  368: ["unlinked", ACCOUNT],
  133010: [
    "unlinked",
    "the number is not registered at WhatsApp any more: an administrator has to register it",
  ],
  131042: ["refused", "Meta wants to be paid first: an administrator has to look at the payment settings"],
  131050: ["refused", "this person does not want such messages from this number"],
  132001: ["refused", "the approved template does not exist in that language: an administrator has to look"],
  132015: ["refused", "Meta paused the approved template: an administrator has to look"],
  132016: ["refused", "Meta disabled the approved template: an administrator has to look"],
};
/** Nothing was sent, and it heals by itself. */
const HEALS = new Set(["1", "2", "131000", "131016", "133004"]);

/** @param status of HTTP; @param text Meta's answer as it came */
export function judge(status: number, text: string): Judged {
  const value = parsed(text);
  const taken = accepted.safeParse(value).data?.messages[0];
  if (status >= 200 && status < 300)
    return taken ? { state: "accepted", networkId: taken.id } : { state: "unknown" };
  const { data } = refused.safeParse(value);
  const code = data?.error.code ?? undefined;
  const known = code === undefined ? undefined : FAILURES[code];
  if (known) return { state: "failed", code: known[0], why: known[1] };
  if (code !== undefined && HEALS.has(code)) return { state: "again" };
  if (status === 401 || status === 403) return { state: "failed", code: "unlinked", why: TOKEN };
  if (status === 429) return { state: "failed", code: "rate-limited", why: RATE };
  // Without a reason of Meta's own, what failed may be the way back.
  if (status >= 500) return code === undefined ? { state: "unknown" } : { state: "again" };
  return { state: "failed", code: "refused", why: `WhatsApp refuses it (code ${code ?? status})` };
}

/** Why nothing may be sent freely. */
export const NEEDS_TEMPLATE = TEMPLATE;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
