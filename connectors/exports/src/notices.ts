import { plain } from "./characters.ts";
import { noticeWords, type NoticeType } from "./notice-words.ts";

/** An app-written line whose wording is known. */
export interface Notice {
  readonly type: NoticeType;
  /** The names, titles and numbers in it, in the order of the meaning, not of the language. */
  readonly names: readonly string[];
  /** Equal for the same line in any language that we know. */
  readonly canonical: string;
}

interface Pattern {
  readonly type: NoticeType;
  /** The longest fixed part: what lacks it needs no closer look. */
  readonly part: string;
  readonly expression: RegExp;
}

interface Language {
  readonly you: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

const PLACE = /\{([abc])\}|\*$/g;

function compile(type: NoticeType, wording: string): Pattern {
  const fixed = wording.split(PLACE_OR_END);
  const expression = wording
    .replace(/[.+?^$()|[\]\\]/g, "\\$&")
    .replace(PLACE, (_, name: string | undefined) => (name === undefined ? ".*" : `(?<${name}>.+?)`));
  const part = fixed.reduce((longest, each) => (each.length > longest.length ? each : longest), "");
  return { type, part, expression: new RegExp(`^${expression}$`, "su") };
}
const PLACE_OR_END = /\{[abc]\}|\*$/;

const languages: readonly Language[] = noticeWords.map(({ you, lines }) => ({
  you: new Set(you.split("|")),
  patterns: (Object.entries(lines) as [NoticeType, string][]).flatMap(([type, wordings]) =>
    wordings.split("|").map((wording) => compile(type, wording)),
  ),
}));

/** No app-written line that we know is longer. */
const MAX_LENGTH = 600;
/** After so many lines that no language knows, only the languages that the file has shown are asked. */
const MAX_STRANGE = 2_000;
const MAX_REMEMBERED = 2_000;

function tidy(body: string): string {
  return plain(body)
    .replace(/[“”„‟«»＂]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/[.。]+$/, "")
    .trim();
}

/**
 * Recognises app-written lines. A file is written in one language, so the one that knew the last line is asked
 * first; the work for lines that none knows is bounded over the whole file.
 */
export function noticeReader(): (body: string) => Notice | undefined {
  const shown: Language[] = [];
  const remembered = new Map<string, Notice | undefined>();
  let strange = 0;

  const read = (body: string): Notice | undefined => {
    const text = tidy(body);
    const rest = strange < MAX_STRANGE ? languages.filter((language) => !shown.includes(language)) : [];
    for (const language of [...shown, ...rest]) {
      const notice = readIn(language, text);
      if (notice === undefined) continue;
      if (shown[0] !== language) {
        shown.splice(0, shown.length, language, ...shown.filter((other) => other !== language));
      }
      return notice;
    }
    strange += 1;
    return undefined;
  };

  return (body) => {
    if (body.length > MAX_LENGTH) return undefined;
    if (remembered.has(body)) return remembered.get(body);
    const notice = read(body);
    if (remembered.size < MAX_REMEMBERED) remembered.set(body, notice);
    return notice;
  };
}

function readIn(language: Language, text: string): Notice | undefined {
  for (const { type, part, expression } of language.patterns) {
    if (!text.includes(part)) continue;
    const groups = expression.exec(text)?.groups;
    if (groups === undefined) {
      if (!expression.test(text)) continue;
      return { type, names: [], canonical: `\u0000notice:${type}` };
    }
    const names = [groups.a, groups.b, groups.c].map((name) =>
      name === undefined ? "" : language.you.has(name.trim()) ? "\u0000you" : name.trim(),
    );
    while (names.at(-1) === "") names.pop();
    return { type, names, canonical: ["\u0000notice:" + type, ...names].join("\u0000") };
  }
  return undefined;
}
