import type { LinkHealth } from "@daybook/contract";
import { z } from "zod";
import { type Concern, concern, ENDED, STATUSES, type Verdict } from "./concern.ts";

const DAY_MS = 86_400_000;
/** A number that heard on so many of the days before it fell silent usually hears. */
const USUAL_DAYS = 3;
const REMEMBERED_DAYS = 14;
/** Strangers can send what bears no signature: that alone is no news so soon after what bore one. */
const UNSIGNED_MS = 3_600_000;

/** How one number stands, as it is remembered. */
export const standing = z.object({
  /** Its business account, and the number itself in digits, once they were heard of. */
  waba: z.string().optional(),
  display: z.string().optional(),
  /** Milliseconds since 1970. */
  heardAt: z.int().optional(),
  /** Days since 1970, UTC, on which it heard, of the last two weeks that it did. */
  days: z.array(z.int()),
  /** For how long this process has listened since, and heard nothing. */
  quietMs: z.int(),
  concerns: z.array(concern),
  /** By code: when what was judged last happened. Webhooks come in any order. */
  judged: z.record(z.string(), z.int()),
});
export type Standing = z.infer<typeof standing>;

export const UNKNOWN: Standing = { days: [], quietMs: 0, concerns: [], judged: {} };

/** @param at when it happened */
export function judgedBy(before: Standing, { raise, settle }: Verdict, at: number): Standing {
  const isNews = (code: string, then: number) => then >= (before.judged[code] ?? 0);
  const raised = raise.filter(({ code, since }) => isNews(code, since));
  const settled = settle.filter((code) => isNews(code, at));
  if (raised.length === 0 && settled.length === 0) return before;
  const told = [...raised.map(({ code }) => code), ...settled];
  return {
    ...before,
    concerns: [...before.concerns.filter(({ code }) => !told.includes(code)), ...sinceFirst(before, raised)],
    judged: {
      ...before.judged,
      ...Object.fromEntries(raised.map(({ code, since }) => [code, since])),
      ...Object.fromEntries(settled.map((code) => [code, at])),
    },
  };
}

/** What goes on has been so since it was first told. */
function sinceFirst({ concerns }: Standing, raised: readonly Concern[]): Concern[] {
  return raised.map((one) => {
    const known = concerns.find(({ code }) => code === one.code);
    return known ? { ...one, since: Math.min(one.since, known.since) } : one;
  });
}

/** It heard something. @param writtenAt when somebody wrote it, by Meta's clock, if that is known */
export function heard(before: Standing, now: number, writtenAt: number | undefined): Standing {
  const today = Math.floor(now / DAY_MS);
  const isKnown = before.days.at(-1) === today;
  const days = isKnown
    ? before.days
    : [...before.days.filter((day) => day < today && day > today - REMEMBERED_DAYS), today];
  // What somebody could write after an end shows that it is over.
  const isOver = ({ status, since }: Concern) =>
    ENDED.has(status) && writtenAt !== undefined && writtenAt > since;
  const concerns = before.concerns.some(isOver)
    ? before.concerns.filter((one) => !isOver(one))
    : before.concerns;
  return { ...before, heardAt: now, days, quietMs: 0, concerns };
}

/** For an operator. @param unsignedSince of webhooks that bore no signature of the app, with none that did since */
export function healthOf(
  of: Standing,
  {
    now,
    quietMs,
    unsignedSince,
  }: { readonly now: number; readonly quietMs: number; readonly unsignedSince: number | undefined },
): Pick<LinkHealth, "status" | "problem" | "alerts" | "downSince"> {
  const concerns = of.concerns.filter(({ until = Infinity }) => until > now);
  const alerts = concerns.map(({ code }) => code);
  const words = concerns.map((one) => one.words);
  if (of.quietMs >= quietMs && (of.heardAt === undefined || of.days.length >= USUAL_DAYS)) {
    const hours = Math.floor(of.quietMs / 3_600_000);
    alerts.push("silent");
    words.push(
      `nothing has come from Meta for ${hours} hours: look whether the webhook is subscribed and can be reached`,
    );
  }
  if (unsignedSince !== undefined && now - unsignedSince >= UNSIGNED_MS) {
    alerts.push("signature-refused");
    words.push(
      "webhooks come that no app secret of ours signed, and none that one did: look whether the secret was replaced at Meta",
    );
  }
  const status =
    STATUSES.find((one) => concerns.some((raised) => raised.status === one)) ??
    (alerts.length > 0 ? "needs-attention" : undefined);
  const isNew = of.heardAt === undefined && status === undefined;
  if (isNew) words.push("nothing has come from Meta for this number yet");
  const ends = concerns.filter((one) => ENDED.has(one.status)).map(({ since }) => since);
  return {
    status: status ?? (isNew ? "waiting" : "live"),
    ...(words.length > 0 && { problem: words.join("; ") }),
    alerts: [...alerts].sort(),
    ...(ends.length > 0 && { downSince: new Date(Math.min(...ends)) }),
  };
}
