import type { Authenticity } from "../reading/reading.ts";
import type { CopyKind } from "./judge.ts";
import type { Quoted } from "./quoted.ts";

const MINUTES = 60_000;
const DAYS = 86_400_000;
/** A copy that was sent with its message comes at once; mail servers may wait a little. */
const TIMELY_MINUTES = 15;

/** How much a copy is worth as evidence of the message that it is about. */
export type Strength = "strong" | "fair" | "weak";

export const KINDS: Readonly<Record<CopyKind, string>> = {
  copied: "It is a copy: the official address was among its recipients when it was sent.",
  attached: "It was forwarded as an attachment: what is enclosed is there byte for byte.",
  redirected: "It was redirected: somebody sent it on as it was.",
  inline: "It was forwarded as text: whoever forwarded it could change any of it.",
  screenshot: "It is a picture, of a screen perhaps: nothing in it can be checked.",
  written:
    "It was written to the official address itself, and holds no other message that can be recognized.",
};

/** Whether a signature of From's own domain holds, without a doubt. */
export function isVouchedFor(authenticity: Authenticity | undefined): boolean {
  return (authenticity?.signatures ?? []).some(
    ({ kind, result, aligned, doubts }) =>
      kind === "dkim" && result === "pass" && aligned === true && doubts.length === 0,
  );
}

/** @param isVouched whether all the messages that it is about are vouched for; @param lateMs since they were written */
export function strengthOf(kind: CopyKind, isVouched: boolean, lateMs: number | undefined): Strength {
  if (kind === "inline" || kind === "screenshot" || kind === "written") return "weak";
  if (kind === "attached") return isVouched ? "strong" : "fair";
  if (!isVouched) return "weak";
  const isTimely = lateMs !== undefined && Math.abs(lateMs) <= TIMELY_MINUTES * MINUTES;
  return kind === "redirected" || isTimely ? "strong" : "fair";
}

/** From when it was written to when it came; undefined where nobody knows the first. Milliseconds. */
export function lateness(
  written: { readonly sentAt?: string | undefined; readonly localTime?: string | undefined } | undefined,
  receivedAt: Date,
): number | undefined {
  const at = written?.sentAt ?? (written?.localTime === undefined ? undefined : `${written.localTime}Z`);
  return at === undefined ? undefined : receivedAt.getTime() - Date.parse(at);
}

/** What records staff are shown where it came late; it is never a reason to refuse. */
export function lateInWords(lateMs: number | undefined, allowedDays: number, by = "its date"): string[] {
  if (lateMs === undefined || lateMs <= allowedDays * DAYS) return [];
  const days = Math.floor(lateMs / DAYS);
  return [
    `It came ${days} days after it was written, by ${by}: later than the ${allowedDays} days that are allowed.`,
  ];
}

export function vouchedInWords(isVouched: boolean): string {
  return isVouched
    ? "Its sender's provider signed it: header and body are as they were sent, as far as the signature goes."
    : "No provider's signature vouches for it.";
}

/** A proposal, and said to be one: it is what somebody could have typed. */
export function proposalOf({ from, date, to, subject }: Quoted): string {
  const said = [
    `from ${from}`,
    ...(date === undefined ? [] : [`date ${date}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(subject === undefined ? [] : [`subject ${subject}`]),
  ];
  return `Proposed, by a header that it quotes and nothing vouches for: ${said.join("; ")}.`;
}
