import { type Change, StateFile } from "@daybook/keeping";

/**
 * What is remembered between runs: PDUs whose answer may not have arrived, parts of messages, coverage, tests; who wrote to
 * whom, and asked not to be written to; how far what is sent is, its ids, and which of its parts are delivered; when parts passed,
 * and which files of the aggregator's records they were compared with.
 */
export type StateKind =
  "heard" | "part" | "coverage" | "canary" | "sent-id" | "delivered" | "talk" | "relayed" | "noted" | "cdr";
export type StateChange = Change<StateKind>;

/**
 * Losing it loses parts of messages that were not whole, and makes a second record of what is delivered again just then.
 * Nobody can be answered then until they write again, and who asked not to be written to is not known.
 */
export type SmsState = StateFile<StateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openState(path: string, key: Uint8Array, now: () => Date): SmsState {
  return StateFile.open({ path, key, label: "daybook sms state v1", whose: "SMS's connector", now });
}
