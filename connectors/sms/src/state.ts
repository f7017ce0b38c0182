import { type Change, StateFile } from "@daybook/keeping";

/**
 * What is remembered between runs: PDUs whose answer may not have arrived, parts of messages, coverage, tests, ids of
 * what was sent, and which parts of it are delivered.
 */
export type StateKind = "heard" | "part" | "coverage" | "canary" | "sent-id" | "delivered";
export type StateChange = Change<StateKind>;

/**
 * Losing it loses parts of messages that were not whole, and makes a second record of what is delivered again just then.
 */
export type SmsState = StateFile<StateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openState(path: string, key: Uint8Array, now: () => Date): SmsState {
  return StateFile.open({ path, key, label: "daybook sms state v1", whose: "SMS's connector", now });
}
