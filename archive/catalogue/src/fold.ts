/**
 * One word, or one character of a script that puts no spaces between words. Index, query and the check of
 * candidates all see text through `unitsOf`, so they cannot disagree.
 */
export interface Unit {
  readonly text: string;
  /** A character of Han, Kana, Thai, Lao, Khmer or Myanmar writing. */
  readonly unspaced: boolean;
  /** Directly after another unspaced character, with nothing between them. */
  readonly joined: boolean;
}

const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /[a-z0-9]+/g;

const UNSPACED = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
/** A run of unspaced writing (with its marks), a word, a flag, or one pictograph. */
const PIECE = new RegExp(
  String.raw`(?<run>(?:[${UNSPACED}][\u3099\u309a]?)+)|(?:(?![${UNSPACED}])[\p{L}\p{N}\p{M}])+|\p{RI}\p{RI}|\p{Extended_Pictographic}`,
  "gu",
);

/** One character of a run. A sound mark that its letter has no form with (`ﾞ` after a Han one) belongs to it. */
const CHARACTER = /.[\u3099\u309a]?/gsu;

/** Invisible characters, with which a sender could split words; Arabic tatweel, which only stretches them. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u0640]/gu;
/** Accents and points of Latin, Greek, Cyrillic, Arabic and Hebrew. Marks of other scripts are letters. */
const ACCENTS =
  /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;
/** Letters that people type without their stroke or as two letters, though Unicode does not decompose them. */
const PLAIN: Readonly<Record<string, string>> = {
  ł: "l",
  ø: "o",
  đ: "d",
  ð: "d",
  ħ: "h",
  ŧ: "t",
  ı: "i",
  æ: "ae",
  œ: "oe",
  ς: "σ",
};
const PLAIN_LETTERS = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "g");

/**
 * Text as search sees it: NFKC, case folded, accents and invisible characters left out. Folding twice
 * changes nothing more.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // A letter that appears by folding may itself fold; after two rounds nothing changes any more.
  return foldOnce(foldOnce(text));
}

function foldOnce(text: string): string {
  return text
    .normalize("NFKC")
    .replace(INVISIBLE, "")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD")
    .replace(/и\u0306/g, "й")
    .replace(ACCENTS, "")
    .replace(PLAIN_LETTERS, (letter) => PLAIN[letter] ?? letter)
    .normalize("NFKC");
}

/** The words and unspaced characters of a text, in order. */
export function unitsOf(text: string): Unit[] {
  const folded = fold(text);
  if (ASCII.test(folded)) {
    return (folded.match(ASCII_WORD) ?? []).map((word) => ({ text: word, unspaced: false, joined: false }));
  }
  return placedUnits(folded).map(({ unit }) => unit);
}

/** A unit, and where in the folded text it stands: UTF-16 code units, the end not included. */
export interface PlacedUnit {
  readonly unit: Unit;
  readonly start: number;
  readonly end: number;
}

/** As `unitsOf`, of a text that is folded, with their places. */
export function placedUnits(folded: string): PlacedUnit[] {
  const placed: PlacedUnit[] = [];
  for (const piece of folded.matchAll(PIECE)) {
    const run = piece.groups?.["run"];
    let start = piece.index;
    for (const [at, text] of (run === undefined ? [piece[0]] : charactersOf(run)).entries()) {
      const unit = { text, unspaced: run !== undefined, joined: run !== undefined && at > 0 };
      placed.push({ unit, start, end: start + text.length });
      start += text.length;
    }
  }
  return placed;
}

/**
 * What of a text is indexed: its words; of unspaced writing each character and each overlapping pair.
 *
 * @param max how many different ones at most
 * @returns `whole: false` when the text has more
 */
export function termsOf(text: string, max: number): { terms: Set<string>; whole: boolean } {
  const terms = new Set<string>();
  const folded = fold(text);
  if (ASCII.test(folded)) {
    for (const word of folded.match(ASCII_WORD) ?? []) {
      if (terms.size >= max && !terms.has(word)) return { terms, whole: false };
      terms.add(word);
    }
    return { terms, whole: true };
  }
  for (const piece of folded.matchAll(PIECE)) {
    const found = piece.groups?.["run"] === undefined ? [piece[0]] : charactersAndPairs(piece[0]);
    for (const term of found) {
      if (terms.size >= max && !terms.has(term)) return { terms, whole: false };
      terms.add(term);
    }
  }
  return { terms, whole: true };
}

function charactersOf(run: string): string[] {
  return run.match(CHARACTER) ?? [];
}

function* charactersAndPairs(run: string): Iterable<string> {
  let before = "";
  for (const character of charactersOf(run)) {
    yield character;
    if (before !== "") yield before + character;
    before = character;
  }
}

const UNSPACED_TERM = new RegExp(`^[${UNSPACED}]`, "u");
const WORD_TERM = /^[\p{L}\p{N}\p{M}]/u;

/** Whether an indexed term is a word that `word*` can mean: no unspaced character or pair, no pictograph. */
export function isWord(term: string): boolean {
  return WORD_TERM.test(term) && !UNSPACED_TERM.test(term);
}
