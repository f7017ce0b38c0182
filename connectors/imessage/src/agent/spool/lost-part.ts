import type { AgentEntry } from "@daybook/contract";
import { handedIn } from "../reading/handed.ts";
import { entriesIn } from "../reading/mac-reader.ts";
import { newWaiting, type WaitingFile } from "./waiting-files.ts";

/** What is left of an entry without a part whose copy is lost, and what has to be looked for again. */
export interface WithoutPart {
  /** Undefined where it told of that file alone. */
  readonly entry: AgentEntry | undefined;
  readonly lost: readonly WaitingFile[];
}

/** @param now the Mac's clock, milliseconds since 1970 */
export function withoutPart(entry: AgentEntry, sha256: string, now: number): WithoutPart {
  const parts = entry.parts.filter((part) => part.sha256 !== sha256);
  if (parts.length === entry.parts.length) return { entry, lost: [] };
  const raw = Buffer.from(entry.raw, "base64");
  const said = handedIn(raw);
  if (said?.seen === "file") {
    const { guid, network, conversation, alsoIn, n, file, name } = said;
    const of = { guid, network, conversation, alsoIn, row: "0", n, file, name };
    return { entry: undefined, lost: [newWaiting(of, now, 0)] };
  }
  const message =
    said?.seen === "row" ? entriesIn(said, raw).find(({ kind }) => kind === "message") : undefined;
  if (said?.seen !== "row" || !message) return { entry: { ...entry, parts }, lost: [] };
  const { guid, ROWID } = said.message;
  const row = typeof ROWID === "number" ? String(ROWID) : "0";
  const { network, conversation, alsoIn } = message;
  const of = {
    guid: typeof guid === "string" ? guid : `row-${row}`,
    row,
    network,
    conversation,
    alsoIn: alsoIn && [...alsoIn],
  };
  const lost = message.files.flatMap(({ id, name }, n) => {
    const state = said.files[n];
    const isIt = typeof state === "object" && "sha256" in state && state.sha256 === sha256;
    return isIt ? [newWaiting({ ...of, n, file: id, name }, now, 0)] : [];
  });
  return { entry: { ...entry, parts }, lost };
}
