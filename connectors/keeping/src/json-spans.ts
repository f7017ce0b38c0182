/** A value in a JSON text: where it begins, and where what follows it does. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);

const MAX_DEPTH = 100;

/** Whether a text, JSON or not, nests as a sender would: what is far deeper takes seconds to parse. */
export function isShallow(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString && code === BACKSLASH) at += 1;
    else if (code === QUOTE) inString = !inString;
    else if (!inString && OPEN.has(code)) depth += 1;
    else if (!inString && CLOSE.has(code)) depth -= 1;
    if (depth > MAX_DEPTH) return false;
  }
  return true;
}

/** The members of an object, a name that stands twice by its last. None where the value is no object. @param text valid JSON */
export function membersOf(text: string, { from }: Span): Map<string, Span> {
  const members = new Map<string, Span>();
  if (text[from] !== "{") return members;
  let at = skipSpace(text, from + 1);
  while (text[at] === '"') {
    const end = endOfValue(text, at);
    const name = JSON.parse(text.slice(at, end)) as string;
    const value = skipSpace(text, skipSpace(text, end) + 1);
    const to = endOfValue(text, value);
    members.set(name, { from: value, to });
    at = skipSpace(text, to);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return members;
}

/** The elements of an array; undefined where the value is none. @param text valid JSON */
export function elementsOf(text: string, { from }: Span): Span[] | undefined {
  if (text[from] !== "[") return undefined;
  const elements: Span[] = [];
  let at = skipSpace(text, from + 1);
  while (text[at] !== "]") {
    const to = endOfValue(text, at);
    elements.push({ from: at, to });
    at = skipSpace(text, to);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return elements;
}

/** The whole text, without the space around it. */
export function wholeOf(text: string): Span {
  const from = skipSpace(text, 0);
  return { from, to: endOfValue(text, from) };
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (text.charCodeAt(next) <= 0x20) next += 1;
  return next;
}

function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  for (;;) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}

const SCALAR = /[^\s,\]}]*/y;

function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return endOfString(text, from);
  if (!OPEN.has(first)) {
    SCALAR.lastIndex = from;
    SCALAR.exec(text);
    return SCALAR.lastIndex;
  }
  let depth = 0;
  for (let at = from; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (OPEN.has(code)) depth += 1;
    else if (CLOSE.has(code)) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
}
