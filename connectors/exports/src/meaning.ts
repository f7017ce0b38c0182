import * as words from "./app-words.ts";
import { type MediaKind, wordingKey } from "./app-words.ts";
import { plain, unmarked } from "./characters.ts";
import type { Notice } from "./notices.ts";

/** What a record's body says, where the app itself wrote some of it. */
export interface Meaning {
  readonly type:
    | "text"
    | "deleted"
    | "omitted"
    | "attachment"
    | "poll"
    | "location"
    | "live-location"
    | "view-once"
    | "waiting"
    | "system";
  readonly edited: boolean;
  readonly attachmentName?: string;
  readonly mediaKind?: MediaKind;
  /** For `system`: what it reports, where the wording is known. */
  readonly notice?: Notice;
}

export interface Reading {
  readonly meaning: Meaning;
  readonly canonicalBody: string;
}

/** What is known of the file that a body stands in. */
export interface BodyContext {
  readonly platform: "android" | "ios";
  /**
   * The file marks what the app wrote (iOS: U+200E at the start of the body). Then an unmarked body that looks
   * app-written was typed by a person.
   */
  readonly marksAppText: boolean;
  /** Whether the export holds a file of that name. */
  readonly hasFile: (name: string) => boolean;
}

const TEXT: Meaning = { type: "text", edited: false };
const EDITED: Meaning = { type: "text", edited: true };

const IN_BRACKETS = /(\u200e?)<([^<>\n]{1,100})>$/;
const IOS_ATTACHED = /(\u200e?)<([^<>:\n]{1,40}): ?([^<>\n]{1,255})>/;
const ANDROID_ATTACHED = /^([^\n]{1,255}?) ?[(（]([^()（）\n]{1,60})[)）](?=\n|$)/;
// The names that WhatsApp itself gives to media, whatever the language.
const OWN_NAME = /^(?:(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d{4,}|\d{8}-(?:PHOTO|VIDEO|AUDIO|STICKER|GIF)-)/;
const MAP_LINK =
  /^([^:\n]{1,40}): ?(https:\/\/maps\.google\.com\/\?q=-?\d[^\s]{0,80}|https:\/\/foursquare\.com\/v\/\S{1,80})$/;
const POLL_OPTION = /^\u200e?([^:\n]{1,30}?) ?: (.*?) [(（]\u200e?\p{Nd}[^()（）\n]*[)）]$/u;

// Most bodies are no placeholder, and their first character and length say so. Up to three characters are left out of
// a key: marks and final stops.
const LOOSE = 3;
const sketch = (first: number, length: number) => first * 256 + length;
const sketches = new Set(
  [...words.placeholders.keys()].flatMap((key) =>
    [key, key.toUpperCase()].flatMap((form) =>
      Array.from({ length: LOOSE + 1 }, (_, more) => sketch(form.charCodeAt(0), key.length + more)),
    ),
  ),
);
const longest = Math.max(...[...words.placeholders.keys()].map((key) => key.length)) + LOOSE;
const MAX_ADMIN_LINE = 200;

/** Whether iOS marked the body as its own. */
export function isMarked(body: string): boolean {
  const first = body.charCodeAt(0);
  return first === 0x200e || first === 0x200f;
}

/**
 * Reads what a person's record says. Never fails: what no list knows is text.
 *
 * @param written the body as in the file, marks included, with lines parted by `\n`
 * @param isAscii known to hold ASCII alone, which saves looking for marks
 */
export function readBody(written: string, context: BodyContext, isAscii = false): Reading {
  // The last record of a file may end in blank lines that nobody wrote.
  const body = written.trimEnd();
  const marked = context.platform === "ios" && isMarked(body);
  const trusted = marked || context.platform === "android" || !context.marksAppText;
  if (context.platform === "ios" && body === "") {
    return { meaning: { type: "view-once", edited: false }, canonicalBody: "\u0000view-once" };
  }

  const last = body.charCodeAt(body.length - 1);
  let edited = false;
  let text = body;
  if (last === 0x3e) {
    const shorter = withoutEdited(body, context);
    edited = shorter !== undefined;
    text = shorter ?? body;
  }
  const attachment = readAttachment(text, context);
  if (attachment !== undefined) {
    const caption = canonicalText(attachment.rest);
    return {
      meaning: {
        type: "attachment",
        edited,
        attachmentName: attachment.name,
        mediaKind: kindOf(attachment.name),
      },
      canonicalBody: `\u0000attachment:${attachment.name}\u0000${caption}`,
    };
  }
  const placeholder = trusted ? readPlaceholder(text) : undefined;
  if (placeholder !== undefined) {
    const { caption } = placeholder;
    const mediaKind = placeholder.type === "omitted" ? placeholder.mediaKind : undefined;
    const canonical = `\u0000${placeholder.type}${mediaKind === undefined ? "" : `:${mediaKind}`}`;
    return {
      meaning: { type: placeholder.type, edited, ...(mediaKind === undefined ? {} : { mediaKind }) },
      canonicalBody: caption === "" ? canonical : `${canonical}\u0000${canonicalText(caption)}`,
    };
  }
  if (trusted) {
    const found = readPoll(text) ?? readLocation(text, marked);
    if (found !== undefined)
      return { meaning: { type: found.type, edited }, canonicalBody: found.canonicalBody };
  }
  return { meaning: edited ? EDITED : TEXT, canonicalBody: isAscii ? text : canonicalText(text) };
}

/** A body for comparing: without marks, and without the blank end that the last record of a file may have. */
export function canonicalText(text: string): string {
  return unmarked(text).trimEnd();
}

function withoutEdited(body: string, context: BodyContext): string | undefined {
  const found = IN_BRACKETS.exec(body);
  if (found === null) return undefined;
  const [, mark = "", inner = ""] = found;
  const trusted = mark !== "" || context.platform === "android" || !context.marksAppText;
  if (!trusted || !words.edited.has(wordingKey(inner))) {
    // Marked, and neither a file's name nor a placeholder: what else does iOS put behind a body?
    const strange = mark !== "" && found.index > 0 && context.platform === "ios" && !inner.includes(":");
    if (!strange || placeholderLine(inner) !== undefined) return undefined;
  }
  return body.slice(0, found.index).trimEnd();
}

/** A placeholder is a whole body, or the first line of one where what was left out had a caption. */
function readPlaceholder(text: string): (words.Placeholder & { caption: string }) | undefined {
  const marked = isMarked(text);
  const bracketed = text.charCodeAt(marked ? 1 : 0) === 0x3c;
  const lineEnd = marked || bracketed ? text.indexOf("\n") : -1;
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  if (line.length > MAX_ADMIN_LINE) return undefined;
  const found = placeholderLine(line);
  if (found === undefined || (lineEnd >= 0 && found.type !== "omitted")) return undefined;
  return { ...found, caption: lineEnd < 0 ? "" : text.slice(lineEnd) };
}

function placeholderLine(text: string): words.Placeholder | undefined {
  let start = isMarked(text) ? 1 : 0;
  const bracketed = text.charCodeAt(start) === 0x3c;
  if (bracketed) {
    start += 1;
    if (isMarked(text.slice(start, start + 1))) start += 1;
  }
  const length = text.length - start;
  const short = length <= longest && (bracketed || sketches.has(sketch(text.charCodeAt(start), length)));
  if (short) {
    const key = wordingKey(bracketed ? text.slice(start).replace(/>$/, "") : text.slice(start));
    const placeholder = words.placeholders.get(key);
    if (placeholder !== undefined) return placeholder;
    if (bracketed) return words.mediaOmitted.has(key) ? MEDIA_OMITTED : undefined;
  }
  return words.deletedByAdmin.some((beginning) => text.startsWith(beginning, start)) ? DELETED : undefined;
}

const MEDIA_OMITTED: words.Placeholder = { type: "omitted", mediaKind: "unknown" };
const DELETED: words.Placeholder = { type: "deleted" };

function readAttachment(text: string, context: BodyContext): { name: string; rest: string } | undefined {
  if (text.includes("<")) {
    const found = IOS_ATTACHED.exec(text);
    if (found !== null) {
      const [whole, mark = "", word = ""] = found;
      const name = cleanName(found[3] ?? "");
      const trusted = mark !== "" || context.platform === "android" || !context.marksAppText;
      if (
        context.hasFile(name) ||
        (trusted && words.attached.has(wordingKey(word))) ||
        (mark !== "" && OWN_NAME.test(name))
      ) {
        return { name, rest: text.slice(0, found.index) + text.slice(found.index + whole.length) };
      }
    }
  }
  if (context.platform === "ios" || !firstLineEndsInBracket(text)) return undefined;
  const found = ANDROID_ATTACHED.exec(text);
  if (found === null) return undefined;
  const [whole, , phrase = ""] = found;
  const name = cleanName(found[1] ?? "");
  if (!words.fileAttached.has(wordingKey(phrase)) && !OWN_NAME.test(name) && !context.hasFile(name))
    return undefined;
  return { name, rest: text.slice(whole.length) };
}

function firstLineEndsInBracket(text: string): boolean {
  const lineEnd = text.indexOf("\n");
  const last = text.charCodeAt((lineEnd < 0 ? text.length : lineEnd) - 1);
  return last === 0x29 || last === 0xff09;
}

function cleanName(name: string): string {
  return unmarked(name).trim();
}

const EXTENSIONS: Partial<Record<MediaKind, string>> = {
  image: "jpg jpeg png heic heif bmp tif tiff",
  sticker: "webp",
  gif: "gif",
  video: "mp4 mov 3gp mkv avi webm",
  audio: "opus m4a mp3 aac amr ogg wav",
  contact: "vcf",
};
const kinds = new Map(
  (Object.entries(EXTENSIONS) as [MediaKind, string][]).flatMap(([kind, list]) =>
    list.split(" ").map((end) => [end, kind] as const),
  ),
);

function kindOf(name: string): MediaKind {
  return kinds.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? "document";
}

function readPoll(text: string): { type: "poll"; canonicalBody: string } | undefined {
  const lineEnd = text.indexOf("\n");
  if (lineEnd < 3 || lineEnd > 40 || !/:\s*$/.test(text.slice(0, lineEnd))) return undefined;
  const [head = "", question = "", ...rest] = text.split("\n", 64);
  const options = rest.map((line) => POLL_OPTION.exec(line)).filter((option) => option !== null);
  const word = wordingKey(head.replace(/\s*:\s*$/, ""));
  // In a language that no list knows: a word, a question, and options that all begin with one other word.
  const alike = options.length >= 2 && options.every((option) => option[1] === options[0]?.[1]);
  if (options.length === 0 || !(words.pollWords.has(word) || alike)) return undefined;
  // Votes change from one export to the next: they are no part of what the message is.
  const asked = [question, ...options.map((option) => option[2] ?? "")].map(canonicalText);
  return { type: "poll", canonicalBody: ["\u0000poll", ...asked].join("\u0000") };
}

function readLocation(
  text: string,
  marked: boolean,
): { type: "location"; canonicalBody: string } | undefined {
  if (!text.includes("https://")) return undefined;
  const found = MAP_LINK.exec(plain(text).trim());
  if (found === null || !(marked || words.locationWords.has(wordingKey(found[1] ?? "")))) return undefined;
  return { type: "location", canonicalBody: `\u0000location:${found[2] ?? ""}` };
}
