import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { excerptOf, matches, parseQuery } from "../src/index.ts";
import { fold, unitsOf } from "../src/fold.ts";
import { marksOf } from "../src/mark.ts";

const marked = (words: string, text: string) =>
  marksOf(parseQuery(words), text).map(({ start, end }) => text.slice(start, end));

describe("marks", () => {
  it.each([
    ["ferry", "The FERRY, the ferry; ferryman", ["FERRY", "ferry"]],
    ['"ferry contract"', "a ferry, contract; contract ferry", ["ferry, contract"]],
    ["contr*", "Contracts contrôlés, decontract", ["Contracts", "contrôlés"]],
    ["red OR blue -green", "red green blue", ["red", "blue"]],
    ["e-mail", "E–Mail and mail", ["E–Mail"]],
    ["strasse", "Die Straße", ["Straße"]],
    ["fish", "ﬁsh and ﬁsh", ["ﬁsh", "ﬁsh"]],
    ["cafe", "cafe\u0301 cafe\u200b\u0301", ["cafe\u0301", "cafe"]],
    ["secret", "se\u200bcr\u00adet", ["se\u200bcr\u00adet"]],
    ["αθηνας", "ΑΘΉΝΑΣ", ["ΑΘΉΝΑΣ"]],
    ["istanbul", "İstanbul", ["İstanbul"]],
    ["会议", "明天会议开会", ["会议"]],
    ["会议开会", "明天会议开会", ["会议开会"]],
    ["ประชุม", "พรุ่งนี้ประชุม", ["ประชุม"]],
    ["👍", "ok 👍🏿!", ["👍🏿"]],
    ["한국", "한국 \u1112\u1161\u11ab\u1100\u116e\u11a8", ["한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"]],
    ["が", "か\u200b\u3099", ["か\u200b\u3099"]],
    ["2", "½ 2", ["½", "2"]],
    ["", "nothing was asked", []],
    ["-ferry", "no ferry", []],
  ])("%j in %j", (words, text, expected) => {
    expect(marked(words, text)).toEqual(expected);
  });

  it("joins what overlaps", () => {
    expect(marked('"a b" "b c"', "a b c")).toEqual(["a b c"]);
  });

  const letters = fc.constantFrom(
    ...Array.from(
      "aAé\u0301bßﬁ½İςΣ \n.,-_'\u200b\u00ad\u0640會议が\u3099かกำุน지\u1112\u1161👍🏿👩‍👧🇬🇧дй\u0306ا\u064b",
    ),
  );
  const texts = fc.oneof(
    fc.array(letters, { maxLength: 40 }).map((all) => all.join("")),
    fc.string({ unit: codePoint, maxLength: 60 }),
  );

  it("fold to what was searched for, and are no wider than that needs", () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat({ max: 3 }), (text, pick, more) => {
        const units = unitsOf(text);
        fc.pre(units.length > 0);
        const at = pick % units.length;
        const term = { type: "sequence", units: units.slice(at, at + 1 + more) } as const;
        const query = { clauses: [[term]], none: [] };
        // Joined units are found where they touch: what was cut from a run may begin anywhere in it.
        const spans = marksOf(query, text);
        expect(spans.length).toBeGreaterThan(0);
        const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
        let last = 0;
        for (const { start, end } of spans) {
          expect(start).toBeGreaterThanOrEqual(last);
          last = end;
          const span = text.slice(start, end);
          expect(matches(query, span)).toBe(true);
          const parts = [...characters.segment(span)].map(({ segment }) => segment);
          if (spans.length > 1 || parts.length < 2) continue;
          expect(fold(parts.slice(1).join("")) === fold(span)).toBe(false);
          expect(fold(parts.slice(0, -1).join("")) === fold(span)).toBe(false);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("are where a text matches, and only there", () => {
    const words = fc.array(fc.constantFrom("ab", "a*", '"b a"', "é", "会议", "b OR 会"), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(texts, words, (text, asked) => {
        const query = parseQuery(asked.join(" "));
        if (matches(query, text)) expect(marksOf(query, text).length).toBeGreaterThan(0);
        for (const { start, end } of marksOf(query, text)) {
          const each = query.clauses
            .flat()
            .some((term) => matches({ clauses: [[term]], none: [] }, text.slice(start, end)));
          expect(each).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an excerpt", () => {
  const shown = ({ text, marks }: ReturnType<typeof excerptOf>) =>
    marks.map(([start, end]) => Array.from(text).slice(start, end).join(""));

  it("is all of a short text, with its marks in code points", () => {
    const found = excerptOf(parseQuery("ferry"), "🚢🚢 the Ferry");
    expect(found).toEqual({ text: "🚢🚢 the Ferry", before: false, after: false, marks: [[7, 12]] });
  });

  it("begins a little before the first thing found, between words", () => {
    const text = `${"word ".repeat(300)}ferry${" more".repeat(300)}`;
    const found = excerptOf(parseQuery("ferry"), text);
    expect(found).toMatchObject({ before: true, after: true });
    expect(shown(found)).toEqual(["ferry"]);
    expect(Array.from(found.text).length).toBeLessThanOrEqual(400);
    expect(found.text).toMatch(/^word .* more$/);
  });

  it("is the beginning where nothing was asked, or what was found is far on", () => {
    const text = `${"word ".repeat(10_000)}ferry`;
    for (const words of ["", "ferry"]) {
      expect(excerptOf(parseQuery(words), text)).toMatchObject({ before: false, after: true, marks: [] });
    }
  });

  it("takes no part of a word at its end for another word", () => {
    const text = `${"x".repeat(32_760)} ferryman ferry`;
    expect(excerptOf(parseQuery("ferry"), text).marks).toEqual([]);
  });

  it("has marks that stand in it, of any text, and cuts no character in two", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 900 }), fc.nat(), (text, pick) => {
        const units = unitsOf(text);
        fc.pre(units.length > 0);
        const query = {
          clauses: [[{ type: "sequence", units: [units[pick % units.length]!] } as const]],
          none: [],
        };
        const found = excerptOf(query, text);
        expect(text).toContain(found.text);
        expect(found.text.isWellFormed()).toBe(true);
        expect(shown(found).length).toBeGreaterThan(0);
        for (const one of shown(found)) expect(matches(query, one)).toBe(true);
      }),
    );
  });
});
