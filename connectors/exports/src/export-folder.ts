import { mediaTypeOf } from "./media-type.ts";
import { unmarked } from "./characters.ts";
import type { ZipMember } from "./zip-archive.ts";

/** A file that lies beside a chat. */
export interface Attachment {
  /** Its name in the ZIP: a label, never a path. */
  readonly memberName: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** @throws {ConnectorError} `malformed`, while it is read: damaged in the ZIP */
  open(): AsyncIterable<Uint8Array>;
}

/** What lies beside the chats of an export. */
export interface ExportFolder {
  /** Looks a file up by the name that a line gives it. */
  find(name: string): Attachment | undefined;
  /** Remembers that a line names it. */
  named(name: string): void;
  /** Names of files that no line read so far names. */
  orphans(): string[];
  /** Symbolic links, which are refused. */
  readonly links: number;
}

/** Beside a bare text lies nothing. */
export const noFolder: ExportFolder = {
  find: () => undefined,
  named: () => undefined,
  orphans: () => [],
  links: 0,
};

// Phones write names composed or decomposed, and put marks into the line that the file's name does not have.
const keyOf = (name: string) =>
  unmarked(name.slice(name.lastIndexOf("/") + 1))
    .trim()
    .normalize("NFC");

/**
 * The files of a ZIP other than its chats, found by the last part of their name. Where two folders hold files of one
 * name, neither is found: which is meant cannot be known.
 */
export function exportFolder(members: readonly ZipMember[], chats: ReadonlySet<ZipMember>): ExportFolder {
  const files = new Map<string, ZipMember | "twice">();
  let links = 0;
  for (const member of members) {
    if (chats.has(member)) continue;
    if (member.isLink) links += 1;
    else files.set(keyOf(member.name), files.has(keyOf(member.name)) ? "twice" : member);
  }
  const seen = new Set<string>();
  return {
    links,
    find(name) {
      const member = files.get(keyOf(name));
      if (member === undefined || member === "twice") return undefined;
      const { sizeBytes, open } = member;
      return { memberName: member.name, sizeBytes, mediaType: mediaTypeOf(member.name), open };
    },
    named: (name) => void seen.add(keyOf(name)),
    orphans: () =>
      members
        .filter((member) => !chats.has(member) && !member.isLink && !seen.has(keyOf(member.name)))
        .map(({ name }) => name),
  };
}
