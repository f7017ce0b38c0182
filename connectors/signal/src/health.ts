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

/** What is known of an account's link, without anything of its messages. */
export interface LinkHealth {
  /** The account's id on Signal. */
  readonly account: string;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly status: LinkStatus;
  /** Whether messages reach us, and since when. */
  readonly coverage: { readonly state: Coverage["state"]; readonly since: Date };
  /** For an operator, in words: what to do. */
  readonly problem?: string;
  /** What Signal warns of: `idle-primary-device` asks that the phone's app be opened. */
  readonly alerts: readonly string[];
  /** Events that are not yet on the stream. */
  readonly unsent: number;
  /** Envelopes that could not be decrypted and are kept. */
  readonly quarantined: number;
}
