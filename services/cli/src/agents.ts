import type { AgentReader } from "@daybook/contract";

/** Agents on devices that are read here, by what their enrolment names. */
export const AGENT_KINDS = ["android-sms", "mac-imessage"] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

const READERS: Readonly<Record<AgentKind, () => Promise<AgentReader>>> = {
  "android-sms": async () => (await import("@daybook/sms")).androidSmsReader,
  "mac-imessage": async () => (await import("@daybook/imessage")).macMessagesReader,
};

/** Loads the readers of these kinds. */
export function agentReaders(kinds: readonly AgentKind[]): Promise<AgentReader[]> {
  return Promise.all(kinds.map((kind) => READERS[kind]()));
}
