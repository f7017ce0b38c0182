import { easternNotices } from "./notice-words-eastern.ts";
import { westernNotices } from "./notice-words-western.ts";

/** What an app-written line reports. */
export type NoticeType =
  | "encryption"
  | "group-created"
  | "added"
  | "left"
  | "removed"
  | "joined"
  | "admin"
  | "renamed"
  | "icon"
  | "description"
  | "settings"
  | "timer"
  | "security-code"
  | "number-changed"
  | "call"
  | "blocked"
  | "pinned";

/**
 * One language's app-written lines, several wordings parted by `|`. `{a}`, `{b}`, `{c}` stand for names, titles and
 * numbers, a final `*` for anything. Quotation marks are all written `"`, apostrophes `'`; final stops are left out.
 */
export interface NoticeWords {
  readonly language: string;
  /** How the line calls the phone's owner. */
  readonly you: string;
  readonly lines: Partial<Record<NoticeType, string>>;
}

/** Written from samples of exports. What is missing here is still a system line, only of no known type. */
export const noticeWords: readonly NoticeWords[] = [...westernNotices, ...easternNotices];
