import { gregorian, writtenYear, eraOf } from "./calendar.ts";
import { isMark, isSpace, zeroOf } from "./characters.ts";
import { dayPartOf, wordKey } from "./day-part.ts";

/** Index of each number of a header. A date's three come in the order they are written in. */
export const HOUR = 3;
export const MINUTE = 4;
export const SECOND = 5;

/** One part of a header, in the order of the text. */
export type Step =
  /** One character, compared with marks skipped and all spaces equal. */
  | { readonly kind: "character"; readonly code: number }
  | { readonly kind: "number"; readonly index: number; readonly min: number; readonly max: number }
  /** A word that may differ from line to line: a half of the day, an era, or a constant such as "klo". */
  | { readonly kind: "word"; readonly index: number }
  | { readonly kind: "space, if any" };

/** How the headers of one file look: what is locked once the first has been seen. */
export interface Shape {
  readonly platform: "android" | "ios";
  readonly steps: readonly Step[];
  /** The zero of the script that digits are written in. */
  readonly zero: number;
  /** Where the year stands, if its length or era tells. */
  readonly year: "first" | "last" | "unknown";
  readonly seconds: boolean;
  readonly words: number;
  /** The shape for people, `9` for a number (`9999` for a year of four digits) and `W` for a word. */
  readonly label: string;
}

const ERA = String.raw`(?:(?:[RHS]|令和|平成|昭和|民國|民国|令|平|昭)(?= ?\d) ?)?`;
const DATE_GAP = String.raw`(?: ?[/.\-‐‑–] ?|[年년] ?|[月월] ?)`;
const TIME_GAP = String.raw`(?:[:.٫]| ?\p{L}{1,4}\.? ?)`;
const DATE = String.raw`(?<era1>${ERA})(?<n1>\d{1,4})(?<d1>${DATE_GAP})(?<n2>\d{1,2})(?<d2>${DATE_GAP})(?<era3>${ERA})(?<n3>\d{1,4})`;
const TIME = String.raw`(?<hour>\d{1,2})(?<t1>${TIME_GAP})(?<minute>\d{2})(?:(?<t2>${TIME_GAP})(?<second>\d{2}))?`;
const BETWEEN = String.raw`(?<between>[^\d[\]]{1,30})`;
// Only a word that says the half of the day may come before everything.
const LEAD = String.raw`(?<lead>\p{L}[^\d[\]:]{0,20})?`;
const TAIL = String.raw`(?<tail>[^\d[\]]{0,30})`;
const DATE_FIRST = new RegExp(`^${DATE}${BETWEEN}${TIME}${TAIL}$`, "u");
const TIME_FIRST = new RegExp(`^${LEAD}${TIME}${BETWEEN}${DATE}${TAIL}$`, "u");
const WORD = /\p{L}(?:[\p{L}\p{M}.'’"״׳\u200c\u200d]| (?=\p{L}))*/gu;

/** How much of a line's beginning can be a header, in UTF-16 units. */
const REACH = 160;

/**
 * The shape of the header that a line begins with, `undefined` if there is none. One grammar for every locale: three
 * numbers and two or three more, what stands between them, and `[…]`, `… - ` or (old iOS) `…: ` round them.
 */
export function readShape(line: string): Shape | undefined {
  const { text, zeros } = normalised(line);
  for (const { from, to, end, platform, secondsOnly } of heads(text)) {
    const head = text.slice(from, to);
    for (const pattern of [DATE_FIRST, TIME_FIRST]) {
      const groups = pattern.exec(head)?.groups;
      if (groups === undefined || (secondsOnly && groups.second === undefined)) continue;
      const scripts = new Set(zeros.slice(from, to).filter((zero) => zero >= 0));
      const [zero] = scripts;
      if (zero === undefined || scripts.size !== 1 || !plausible(groups)) continue;
      return shapeOf(groups, pattern === DATE_FIRST, {
        platform,
        zero,
        before: text.slice(0, from),
        after: text.slice(to, end),
      });
    }
  }
  return undefined;
}

function normalised(line: string): { text: string; zeros: number[] } {
  let text = "";
  const zeros: number[] = [];
  for (const character of line.slice(0, REACH)) {
    const code = character.codePointAt(0) ?? 0;
    if (isMark(code)) continue;
    const zero = zeroOf(code);
    const next = zero >= 0 ? String(code - zero) : isSpace(code) ? " " : character;
    text += next;
    for (let unit = 0; unit < next.length; unit += 1) zeros.push(zero);
  }
  return { text, zeros };
}

interface Head {
  readonly from: number;
  readonly to: number;
  readonly end: number;
  readonly platform: "android" | "ios";
  readonly secondsOnly?: boolean;
}

function* heads(text: string): Generator<Head> {
  if (text.startsWith("[")) {
    const to = text.indexOf("]");
    if (to > 0) yield { from: 1, to, end: to + 1, platform: "ios" };
    return;
  }
  for (const dash of text.matchAll(/ [-–—] /g)) {
    yield { from: 0, to: dash.index, end: dash.index + 3, platform: "android" };
  }
  for (const colon of text.matchAll(/: /g)) {
    yield { from: 0, to: colon.index, end: colon.index + 2, platform: "ios", secondsOnly: true };
  }
}

type Groups = Record<string, string | undefined>;

function plausible(groups: Groups): boolean {
  if (groups.lead !== undefined && (dayPartOf(groups.lead.trim()) ?? "none") === "none") return false;
  const [n1, n2, n3] = [groups.n1 ?? "", groups.n2 ?? "", groups.n3 ?? ""];
  if (Number(groups.hour) > 23 || Number(groups.minute) > 59 || Number(groups.second ?? 0) > 59) return false;
  const fits = (year: string, era: string | undefined, month: string, day: string) =>
    gregorian(
      writtenYear(Number(year), year.length, eraOf(wordKey(era ?? ""))),
      Number(month),
      Number(day),
    ) !== undefined;
  if (isYear(n1, groups.era1)) return !isYear(n3, groups.era3) && fits(n1, groups.era1, n2, n3);
  const yearLast = fits(n3, groups.era3, n2, n1) || fits(n3, groups.era3, n1, n2);
  return yearLast || (!isYear(n3, groups.era3) && fits(n1, groups.era1, n2, n3));
}

const isYear = (digits: string, era: string | undefined): boolean => digits.length > 2 || (era ?? "") !== "";

interface Surroundings {
  readonly platform: "android" | "ios";
  readonly zero: number;
  readonly before: string;
  readonly after: string;
}

function shapeOf(groups: Groups, dateFirst: boolean, around: Surroundings): Shape {
  const steps: Step[] = [];
  let words = 0;
  let label = "";

  const literal = (text: string) => {
    for (const character of text) steps.push({ kind: "character", code: character.codePointAt(0) ?? 0 });
    label += text;
  };
  const word = () => {
    steps.push({ kind: "word", index: words });
    words += 1;
    label += "W";
  };
  const gap = (text: string) => {
    let at = 0;
    // The last sign of a Chinese, Japanese or Korean date belongs to the date, not to the word after it.
    if (/^[日일]/.test(text)) literal(text.slice(0, (at = 1)));
    WORD.lastIndex = at;
    for (let found = WORD.exec(text); found !== null; found = WORD.exec(text)) {
      literal(text.slice(at, found.index));
      word();
      at = found.index + found[0].length;
    }
    literal(text.slice(at));
  };
  const number = (index: number, min: number, max: number) => {
    steps.push({ kind: "number", index, min, max });
    label += min === 4 ? "9999" : "9";
  };
  const datePart = (index: number, digits = "", era = "") => {
    if (era !== "") {
      word();
      if (era.endsWith(" ")) literal(" ");
    }
    if (digits.length > 2) number(index, digits.length, digits.length);
    else number(index, 1, 2);
  };
  const date = () => {
    datePart(0, groups.n1, groups.era1);
    literal(groups.d1 ?? "");
    datePart(1, groups.n2);
    literal(groups.d2 ?? "");
    datePart(2, groups.n3, groups.era3);
  };
  const time = () => {
    number(HOUR, 1, 2);
    literal(groups.t1 ?? "");
    number(MINUTE, 2, 2);
    if (groups.second === undefined) return;
    literal(groups.t2 ?? "");
    number(SECOND, 2, 2);
  };

  literal(around.before);
  gap(groups.lead ?? "");
  (dateFirst ? date : time)();
  gap(groups.between ?? "");
  (dateFirst ? time : date)();
  gap(groups.tail ?? "");
  literal(around.after);
  if (around.after === "]") steps.push({ kind: "space, if any" });
  const year = isYear(groups.n1 ?? "", groups.era1)
    ? "first"
    : isYear(groups.n3 ?? "", groups.era3)
      ? "last"
      : "unknown";
  return {
    platform: around.platform,
    steps,
    zero: around.zero,
    year,
    seconds: groups.second !== undefined,
    words,
    label,
  };
}
