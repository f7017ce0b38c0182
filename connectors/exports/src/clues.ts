import { noticeReader } from "./notices.ts";

/** What app-written lines and authors say of the conversation itself. */
export interface Clues {
  author(name: string): void;
  /** An app-written line, and whom iOS put it under. Only the first few hundred are looked at. */
  notice(body: () => string, author: string | undefined): void;
  /** How many records stand under each name; empty where there are more names than any chat has. */
  authors(): ReadonlyMap<string, number>;
  title(): string | undefined;
  kind(): "direct" | "group" | "unknown";
}

const MAX_AUTHORS = 20_000;
const MAX_NOTICES = 500;
const GROUP_NOTICES = new Set([
  "group-created",
  "added",
  "removed",
  "joined",
  "renamed",
  "icon",
  "left",
  "admin",
]);

/** @param fileTitle the title that the file's name gives, which wins */
export function conversationClues(fileTitle: string | undefined): Clues {
  const readNotice = noticeReader();
  const authors = new Map<string, number>();
  const found: { created?: string; speaksForAll?: string; isGroup: boolean; tooMany: boolean } = {
    isGroup: false,
    tooMany: false,
  };
  let noticesLeft = MAX_NOTICES;
  const title = () => fileTitle ?? found.created ?? found.speaksForAll;

  return {
    author(name) {
      const known = authors.get(name);
      if (known === undefined && authors.size >= MAX_AUTHORS) found.tooMany = true;
      else authors.set(name, (known ?? 0) + 1);
    },
    notice(body, author) {
      if (noticesLeft === 0) return;
      noticesLeft -= 1;
      const notice = readNotice(body());
      if (notice === undefined) return;
      found.isGroup ||= GROUP_NOTICES.has(notice.type);
      const [, name] = notice.names;
      if (notice.type === "group-created" && name !== undefined) found.created ??= name;
      // iOS puts the first line of a chat under the group's name, or the other person's.
      if (notice.type === "encryption" && author !== undefined) found.speaksForAll ??= author;
    },
    authors: () => (found.tooMany ? new Map() : authors),
    title,
    kind() {
      if (found.isGroup || authors.size > 3) return "group";
      if (authors.size === 0 || authors.size === 3) return "unknown";
      const name = title();
      return name === undefined || authors.has(name) ? "direct" : "unknown";
    },
  };
}
