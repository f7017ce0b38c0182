import type { EntryOf } from "../store/entry.ts";
import { readGroupChange } from "./group-change.ts";
import type { People } from "./people.ts";
import type { Reading } from "./reading.ts";

/** What Signal's storage service told of a group, beside any message. */
export function readGroupEntry(
  entry: EntryOf<"group-change"> | EntryOf<"group-state">,
  people: People,
): Reading[] {
  if (entry.what === "group-state") return [readState(entry, people)];
  const masterKey = Buffer.from(entry.masterKey, "base64");
  const change = { masterKey, bytes: Buffer.from(entry.change, "base64"), source: "log" as const };
  return readGroupChange(change, {}, people, entry.titleBefore);
}

function readState(entry: EntryOf<"group-state">, people: People): Reading {
  const { group, revision, title, members, since } = entry;
  const is = `The group "${title}" at revision ${revision}, as Signal's storage service has it: ${members.length} members`;
  const was = since && `. What changed since revision ${since.revision} no log tells: ${since.changed}`;
  return {
    kind: "membership",
    conversation: { ...people.group(group), title },
    recipients: members.map((id) => people.party(id)),
    text: is + (was ?? ""),
  };
}
