import type { LinkHealth } from "@daybook/contract";
import type { KnownAgent } from "./registry.ts";
import type { Sequence } from "./sequences.ts";

/** Beyond, times that the device names are doubtful. */
const CLOCK_MS = 10 * 60_000;

/** What an agent's last batch said of itself: known to this process alone. */
export interface Heard {
  readonly at: Date;
  /** How far the device's clock was ahead of ours as it was sent, as far as can be told. */
  readonly clockMs: number;
  readonly waiting: number;
  readonly problems: readonly string[];
}

/** How an agent stands, as a link. */
export function healthOf(
  { id, account, custodian, standing }: KnownAgent,
  sequence: Sequence | undefined,
  heard: Heard | undefined,
  { now, quietMs }: { now: Date; quietMs: number },
): LinkHealth {
  const heardAt = heard?.at ?? sequence?.heardAt;
  const isQuiet = heardAt !== undefined && now.getTime() - heardAt.getTime() > quietMs;
  const status =
    standing === "moved"
      ? "moved"
      : isQuiet
        ? "quiet"
        : sequence && sequence.highest > 0
          ? "live"
          : "waiting";
  return {
    account,
    custodian,
    status,
    ...(PROBLEMS[status] !== undefined && { problem: PROBLEMS[status] }),
    alerts: [
      ...((sequence?.missing ?? 0) > 0 ? ["batches-missing"] : []),
      ...(heard && Math.abs(heard.clockMs) > CLOCK_MS ? ["clock-wrong"] : []),
      ...(heard?.problems ?? []).map((problem) => `device-${problem}`),
    ],
    ...((isQuiet || standing === "moved") && heardAt && { downSince: heardAt }),
    agent: { id, ...(heardAt && { heardAt }), ...(heard && { waiting: heard.waiting }) },
  };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  moved: "The account is another custodian's now: revoke this agent, and enrol the device again for them",
  quiet:
    "The device's agent has said nothing for too long: is the device on, connected, and the app allowed?",
};
