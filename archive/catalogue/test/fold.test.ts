import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { fold, termsOf, unitsOf } from "../src/fold.ts";
import { indexedTerms, matches } from "../src/match.ts";
import { parseQuery } from "../src/query.ts";

const texts = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      ...Array.from(
        "aÉßİıĸςŁæ \u0301\u00ad\u200d-'明天ガか\u3099ｶﾞไทยก็မြန်မာខ្មែरिंคำกำالْعَرَبِيَّةשָׁלוֹםйё한👍🏽🇬🇧ﷺ①２٣",
      ),
    ),
    maxLength: 40,
  }),
);

describe("folding", () => {
  it.each([
    ["case", "ÉCOLE straße ΣΊΣΥΦΟΣ", "ecole strasse σισυφοσ"],
    ["compatibility forms", "ﬁle Ｆｕｌｌ ①", "file full 1"],
    ["letters that have a stroke or are joined", "Łódź Ørsted đồng æther", "lodz orsted dong aether"],
    ["dotted and dotless i", "İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"],
    ["Arabic points, tatweel and alef with hamza", "الْعَرَبِيَّة كـتـاب أحمد", "العربية كتاب احمد"],
    ["Hebrew points", "שָׁלוֹם", "שלום"],
    ["Cyrillic accents, but not short i, which is a letter", "за́мок Ёлка мой", "замок елка мой"],
    [
      "invisible characters inside a word",
      "pass\u00adword se\u200bcret b\u2060ribe",
      "password secret bribe",
    ],
  ])("folds %s", (_, text, folded) => {
    expect(fold(text)).toBe(folded);
  });

  it.each([
    ["Indic vowel signs", "हिन्दी", "हन्द"],
    ["voiced Kana", "がか", "かか"],
    ["Thai vowels", "น้ำ", "นำ"],
  ])("keeps %s, which are no accents", (_, text, other) => {
    expect(fold(text)).not.toBe(fold(other));
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(texts, (text) => fold(fold(text)) === fold(text)),
      { numRuns: 2_000 },
    );
  });

  it("does not see in how a text is composed", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(fold(text.normalize("NFD"))).toBe(fold(text.normalize("NFC")));
      }),
    );
  });
});

describe("words", () => {
  const words = (text: string) => unitsOf(text).map((unit) => unit.text);

  it("are runs of letters, digits and marks", () => {
    expect(words("It's 12,000 (e-mail: a.b@c.example)")).toEqual(
      ["it", "s", "12", "000", "e", "mail", "a", "b", "c", "example"], // prettier-ignore
    );
  });

  it("are characters where no spaces are written, joined within a run", () => {
    expect(unitsOf("2024年明天,会")).toEqual([
      { text: "2024", unspaced: false, joined: false },
      { text: "年", unspaced: true, joined: false },
      { text: "明", unspaced: true, joined: true },
      { text: "天", unspaced: true, joined: true },
      { text: "会", unspaced: true, joined: false },
    ]);
  });

  it("keep a sound mark with the character that it stands on, whatever that is", () => {
    expect(words("ｶﾞ天ﾞ")).toEqual(["ガ", "天\u3099"]);
    expect([...termsOf("天ﾞ日", 100).terms]).toEqual(["天\u3099", "日", "天\u3099日"]);
    expect(words("ﾞ")).toEqual(["\u3099"]);
  });

  it("are pictographs and flags, whatever the skin or the joiner", () => {
    expect(words("ok👍🏽 👨‍👩‍👧 🇬🇧")).toEqual(["ok", "👍", "👨", "👩", "👧", "🇬🇧"]);
  });

  it("index characters and overlapping pairs", () => {
    expect([...termsOf("東京都 日", 100).terms]).toEqual(["東", "京", "東京", "都", "京都", "日"]);
  });

  it("stop at the bound, and say so", () => {
    const text = Array.from({ length: 101 }, (_, at) => `w${at}`).join(" ");
    expect(termsOf(text, 100)).toMatchObject({ whole: false, terms: { size: 100 } });
    expect(termsOf(`${text.slice(0, text.lastIndexOf(" "))} w5`, 100)).toMatchObject({ whole: true });
    expect(termsOf("東京都", 3)).toMatchObject({ whole: false, terms: { size: 3 } });
  });

  it("stay bounded in time for the largest text of the letter that unfolds into most", () => {
    expect(termsOf("ﷺ".repeat(100_000), 100).whole).toBe(true);
  });

  it("are the same to the index, to the query and to the check of a candidate, in any script", () => {
    fc.assert(
      fc.property(texts, texts, texts, (before, word, after) => {
        const phrase = word.replace(/["“”„«»]/g, " ");
        const units = unitsOf(phrase);
        fc.pre(units.length > 0 && units.length <= 64);
        const text = `${before} ${phrase} ${after}`;
        const query = parseQuery(`"${phrase}"`);
        expect(matches(query, text)).toBe(true);
        const indexed = termsOf(text, 10_000).terms;
        const wanted = query.clauses
          .flat()
          .flatMap((term) => (term.type === "sequence" ? indexedTerms(term).terms : []));
        expect(wanted.filter((term) => !indexed.has(term))).toEqual([]);
        expect(wanted.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("decide alone, where the index is said to be enough", () => {
    fc.assert(
      fc.property(texts, texts, (text, word) => {
        const units = unitsOf(word);
        fc.pre(units.length > 0);
        const { terms, enough } = indexedTerms({ type: "sequence", units });
        const indexed = termsOf(text, 10_000).terms;
        const query = { clauses: [[{ type: "sequence" as const, units }]], none: [] };
        if (enough) expect(terms.every((term) => indexed.has(term))).toBe(matches(query, text));
        else if (matches(query, text)) expect(terms.every((term) => indexed.has(term))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
