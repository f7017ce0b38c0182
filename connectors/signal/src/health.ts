import type { SignalErrorCode } from "./error.ts";
import type { Coverage } from "./coverage.ts";

/** How an account's link to Signal stands. Operators see it; alerts fire on it. */
export type LinkStatus =
  | "connecting"
  | "catching-up"
  | "live"
  | "backing-off" // it heals by itself
  | "unlinked" // link again
  | "expired" // upgrade Daybook
  | "displaced" // another process connected as this device: stop one
  | "stopped";

/** Errors after which somebody has to act before a link is tried again. */
export const ENDS: Partial<Record<SignalErrorCode, LinkStatus>> = {
  unlinked: "unlinked",
  expired: "expired",
  displaced: "displaced",
  "account-unreadable": "stopped",
};

/** What is known of an account's link, without anything of its messages. */
export interface LinkHealth {
  /** The account's id on Signal. */
  readonly account: string;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly status: LinkStatus;
  /** Whether messages reach us, and since when. */
  readonly coverage: { readonly state: Coverage["state"]; readonly since: Date };
  /** When this link was made, and until when the one before it was up, where there was one. */
  readonly link: { readonly since: Date; readonly heardUntil?: Date };
  /** For an operator, in words: what to do. */
  readonly problem?: string;
  /**
   * What is to be seen to before it is too late. Of Signal's: `idle-primary-device` asks that the phone's app be opened.
   * Ours: `down-3-days`, `down-30-days`, `prekeys-not-renewed`.
   */
  readonly alerts: readonly string[];
  /** Since when nothing comes through; absent while something does. */
  readonly downSince?: Date;
  /** Events that are not yet on the stream. */
  readonly unsent: number;
  /** Envelopes that could not be decrypted and are kept. */
  readonly quarantined: number;
}

const DAY_MS = 86_400_000;

/** How near a link is to its end: Signal keeps messages for 30 days, and a device that is away for 45 is removed. */
export function downAlert(downSince: number | undefined, now: number): string | undefined {
  const days = downSince === undefined ? 0 : (now - downSince) / DAY_MS;
  if (days >= 30) return "down-30-days";
  return days >= 3 ? "down-3-days" : undefined;
}

const DOWN_WORDS: Readonly<Record<string, string>> = {
  "down-3-days":
    "nothing has come through for 3 days: after 30 Signal lets go of messages, after 45 of this device",
  "down-30-days":
    "nothing has come through for 30 days, as long as Signal keeps messages: some may be lost, and after 45 days the phone has to be linked again",
};

/** What stands in the way of a link, or will. */
export function troubles(of: {
  readonly problem: string | undefined;
  /** Signal's own. */
  readonly alerts: readonly string[];
  readonly coverage: Pick<Coverage, "state" | "since" | "downSince" | "isUnwritten">;
  readonly keysFail: boolean;
  readonly now: number;
}): Pick<LinkHealth, "coverage" | "problem" | "alerts" | "downSince"> {
  const { coverage, now } = of;
  const { state, since, downSince, isUnwritten } = coverage;
  const down = downAlert(downSince, now);
  const full = isUnwritten ? "an account's file takes nothing: make room on the disk" : undefined;
  const words = [of.problem ?? full, down && DOWN_WORDS[down]].filter((one) => one !== undefined);
  return {
    coverage: { state, since: new Date(since) },
    ...(words.length > 0 && { problem: words.join("; ") }),
    alerts: [...of.alerts, ...(down ? [down] : []), ...(of.keysFail ? ["prekeys-not-renewed"] : [])],
    ...(downSince !== undefined && { downSince: new Date(downSince) }),
  };
}
