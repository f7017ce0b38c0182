import { plain } from "./characters.ts";
import { eastern } from "./app-words-eastern.ts";
import { northern } from "./app-words-northern.ts";
import { western } from "./app-words-western.ts";

/** What kind of media a placeholder or a file is. */
export type MediaKind =
  "image" | "video" | "video-note" | "audio" | "gif" | "sticker" | "document" | "contact" | "unknown";

/**
 * What one language's WhatsApp writes into an export, several wordings parted by `|`, without final stops and angle
 * brackets. Written from samples of the exports themselves; what is missing here is read as an ordinary message.
 */
export interface AppWords {
  readonly language: string;
  readonly deleted: string;
  /** Begins the line; a name follows. */
  readonly deletedByAdmin?: string;
  readonly edited?: string;
  /** Android's one placeholder for any media that was left out. */
  readonly mediaOmitted?: string;
  readonly omitted?: Partial<Record<MediaKind, string>>;
  /** Android, in round brackets after the file's name. */
  readonly fileAttached?: string;
  /** iOS, in angle brackets before the file's name. */
  readonly attached?: string;
  readonly poll?: string;
  readonly location?: string;
  readonly liveLocation?: string;
  readonly waiting?: string;
  readonly viewOnce?: string;
}

export type Placeholder =
  | { readonly type: "deleted" | "waiting" | "view-once" | "live-location" }
  | { readonly type: "omitted"; readonly mediaKind: MediaKind };

const languages: readonly AppWords[] = [...western, ...northern, ...eastern];

/** How wordings are compared: lower case, plain spaces, without marks and final stops. */
export function wordingKey(text: string): string {
  return plain(text)
    .trim()
    .toLowerCase()
    .replace(/[.。।]+$/u, "");
}

const wordings = (list: string | undefined): string[] =>
  list === undefined ? [] : list.split("|").map(wordingKey);

function setOf(field: keyof AppWords): ReadonlySet<string> {
  return new Set(
    languages.flatMap((words) => {
      const list = words[field];
      return typeof list === "string" ? wordings(list) : [];
    }),
  );
}

/** Whole bodies that stand for something, by their key. */
export const placeholders: ReadonlyMap<string, Placeholder> = (() => {
  const all = new Map<string, Placeholder>();
  for (const words of languages) {
    for (const key of wordings(words.deleted)) all.set(key, { type: "deleted" });
    for (const key of wordings(words.waiting)) all.set(key, { type: "waiting" });
    for (const key of wordings(words.viewOnce)) all.set(key, { type: "view-once" });
    for (const key of wordings(words.liveLocation)) all.set(key, { type: "live-location" });
    for (const [mediaKind, list] of Object.entries(words.omitted ?? {}) as [MediaKind, string][]) {
      for (const key of wordings(list)) all.set(key, { type: "omitted", mediaKind });
    }
  }
  return all;
})();

/** Inside angle brackets, Android's word for any media left out. */
export const mediaOmitted = setOf("mediaOmitted");
export const edited = setOf("edited");
export const fileAttached = setOf("fileAttached");
export const attached = setOf("attached");
export const pollWords = setOf("poll");
export const locationWords = setOf("location");
/** How lines begin that tell which administrator deleted a message. */
export const deletedByAdmin: readonly string[] = languages.flatMap(({ deletedByAdmin: list }) =>
  list === undefined ? [] : list.split("|"),
);
