import { StateFile } from "@daybook/keeping";

/** What the agent keeps on the Mac, all of it sealed. */
export type AgentKind =
  | "agent" // who it is, how far it is, which database it reads
  | "batch" // numbered, and not answered yet
  | "row" // of `message`: which of its events were put into batches
  | "answered" // a block of rows, and which of them the server has
  | "tombstone" // put into a batch
  | "file" // waited for
  | "canary"
  | "coverage";
/**
 * Of `agent`: until everything was read once, files go by themselves. Their messages may be on record, by an agent that this
 * one knows nothing of: what came with such a message would be no record.
 */
export const FILES_APART = "files-apart";
export type AgentState = StateFile<AgentKind>;

/**
 * Opens what the agent keeps, or makes it. It is locked for as long as it is open.
 *
 * @param key 32 bytes
 * @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key
 */
export function openAgentState(path: string, key: Uint8Array, now: () => Date): AgentState {
  return StateFile.open<AgentKind>({
    path,
    key,
    label: "daybook mac agent v1",
    whose: "the Mac's agent",
    now,
  });
}
