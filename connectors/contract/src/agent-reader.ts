import type { AgentPart } from "./agent-batch.ts";
import type { Captured } from "./connector.ts";
import type { Event, Network, Party } from "./event.ts";

/** Whose device an agent is on. */
export interface AgentAccount {
  /** The agent. */
  readonly agent: string;
  /** The account as its network names it. */
  readonly account: string;
  readonly custodian: Party;
}

/** An event of an entry, and which of the entry's attachments belong to it. */
export interface AgentDraft extends Omit<Captured, "attachments"> {
  readonly parts?: readonly AgentPart[];
  /** Other conversations that it lies in: one that scope leaves out is enough to leave it out. No part of the event. */
  readonly alsoIn?: readonly NonNullable<Event["conversation"]>[];
}

/** Reads what agents of one kind hand over. */
export interface AgentReader {
  /** What an enrolment names: `android-sms`. */
  readonly kind: string;
  readonly network: Network;
  /**
   * What an entry says: the same for the same bytes, always. At least one event, which has the bytes as its `raw`, also for
   * bytes that say nothing (a `notice`): nothing that a device handed over is dropped. Never throws.
   */
  read(raw: Buffer, parts: readonly AgentPart[], about: AgentAccount): readonly AgentDraft[];
}
