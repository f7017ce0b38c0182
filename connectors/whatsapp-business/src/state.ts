import { type Change, StateFile } from "@daybook/keeping";

/** What is remembered between runs. */
export type StateKind = "conversation" | "person" | "media" | "had" | "relayed" | "coverage" | "health";
export type StateChange = Change<StateKind>;

/**
 * Losing it loses no message that was acknowledged, but media that were not fetched yet, and what became of messages under
 * way.
 */
export type BusinessState = StateFile<StateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openState(path: string, key: Uint8Array, now: () => Date): BusinessState {
  const label = "daybook whatsapp business state v1";
  return StateFile.open({ path, key, label, whose: "WhatsApp's connector", now });
}
