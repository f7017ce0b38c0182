import type { SessionHealth } from "../child/protocol.ts";
import type { Ended } from "../process/web-process.ts";

/** How an account's link to WhatsApp stands. Operators see it; alerts fire on it. */
export type LinkStatus =
  | "connecting"
  | "catching-up" // signed in, and what was not heard is looked for
  | "live"
  | "backing-off" // it heals by itself
  | "unlinked" // link again
  | "displaced" // WhatsApp Web is open with this link elsewhere
  | "blocked" // by WhatsApp
  | "unsupported" // WhatsApp Web is not as it was
  | "stopped";

/** How a session's end leaves the link, in words for an operator, and how long to wait at least before the next. */
export interface After {
  readonly status: LinkStatus;
  readonly problem: string;
  readonly leastMs: number;
}

const MINUTE_MS = 60_000;

/** @param heldMs to wait at least where WhatsApp does not let the account in, in the place of the usual */
export function after({ why, detail }: Ended, heldMs?: number): After {
  switch (why) {
    case "logged-out":
      return {
        status: "unlinked",
        problem: "the phone, or WhatsApp, ended the link: link the phone again",
        leastMs: Infinity,
      };
    case "unreadable":
      return { status: "unlinked", problem: `${detail}: link the phone again`, leastMs: Infinity };
    case "conflict":
      return {
        status: "displaced",
        problem:
          "WhatsApp Web is open with this link elsewhere: stop one; tried again each quarter of an hour",
        leastMs: heldMs ?? 15 * MINUTE_MS,
      };
    case "blocked":
      return {
        status: "blocked",
        problem: `WhatsApp does not let the account in (${detail}): look at the phone; tried again each hour`,
        leastMs: heldMs ?? 60 * MINUTE_MS,
      };
    case "unsupported":
      return {
        status: "unsupported",
        problem: detail,
        leastMs: heldMs ?? 60 * MINUTE_MS,
      };
    default:
      return {
        status: "backing-off",
        problem: `the session ended (${detail || why}): it is started again`,
        leastMs: 0,
      };
  }
}

const DAY_MS = 86_400_000;
const MANY_UNKEPT = 1_000;
const PARTS = ["messages", "chats", "reactions", "votes", "calls"];

/** WhatsApp keeps messages for a device that is away for 30 days, and unlinks those whose phone is away for 14. */
const DOWN_ALERTS: readonly (readonly [days: number, alert: string])[] = [
  [14, "down-14-days"],
  [1, "down-1-day"],
];

const WORDS: Readonly<Record<string, string>> = {
  "down-1-day": "nothing has come through for a day: see whether the phone is on and online",
  "down-14-days":
    "nothing has come through for 14 days: WhatsApp unlinks devices whose phone is away for so long",
  "queue-in-memory": "the browser keeps what it observes in memory alone: see whether its disk is full",
  unsupported: "WhatsApp Web is not as it was: see whether there is a newer Daybook",
};

/** What is to be seen to before it is too late: words that are not of any account. */
export function alertsOf(of: {
  readonly page: Pick<SessionHealth, "unkept" | "watched"> | undefined;
  readonly status: LinkStatus;
  readonly downSince: number | undefined;
  readonly now: number;
}): string[] {
  const { page, status, downSince, now } = of;
  const days = downSince === undefined ? 0 : (now - downSince) / DAY_MS;
  const down = DOWN_ALERTS.find(([least]) => days >= least)?.[1];
  const unwatched = status === "live" && page ? PARTS.filter((part) => !page.watched.includes(part)) : [];
  return [
    ...(down === undefined ? [] : [down]),
    ...(status === "unlinked" || status === "blocked" || status === "unsupported" ? [status] : []),
    ...unwatched.map((part) => `not-watched-${part}`),
    ...(page && page.unkept > MANY_UNKEPT ? ["queue-in-memory"] : []),
  ];
}

/** What an operator should do, in words; empty where there is nothing to do. */
export function wordsOf(problem: string | undefined, alerts: readonly string[]): string {
  const words = alerts.map((alert) =>
    alert.startsWith("not-watched-")
      ? `WhatsApp Web does not show ${alert.slice("not-watched-".length)} as it did: they may be missing`
      : WORDS[alert],
  );
  return [problem, ...words].filter((one) => one !== undefined).join("; ");
}
