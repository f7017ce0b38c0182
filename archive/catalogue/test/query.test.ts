import fc from "fast-check";
import { CatalogueError } from "../src/error.ts";
import { matches } from "../src/match.ts";
import { parseQuery, type Query, type Term } from "../src/query.ts";
import { thrownBy } from "./support/thrown.ts";

/** A query in short: alternatives by `|`, phrases joined by `+`, prefixes with `*`. */
function short({ clauses, none }: Query): string[] {
  const term = (one: Term) =>
    one.type === "prefix" ? `${one.prefix}*` : one.units.map((unit) => unit.text).join("+");
  return [...clauses.map((terms) => terms.map(term).join("|")), ...none.map((one) => `-${term(one)}`)];
}

describe("search words", () => {
  it.each([
    ["", []],
    ["   ", []],
    ["Budget  MINISTER", ["budget", "minister"]],
    ['"a  Phrase, here"', ["a+phrase+here"]],
    ["“a phrase”", ["a+phrase"]],
    ["budg*", ["budg*"]],
    ["a OR b", ["a|b"]],
    ['x a OR b OR "c d" y', ["x", "a|b|c+d", "y"]],
    ["-word other", ["other", "-word"]],
    ['-"a phrase"', ["-a+phrase"]],
    ["-budg*", ["-budg*"]],
    ["a -OR b", ["a", "b", "-or"]],
    ["or a", ["or", "a"]],
    ['"OR"', ["or"]],
    ["e-mail", ["e+mail"]],
    ["foo - & bar", ["foo", "bar"]],
    ["wo*rd", ["wo+rd"]],
    ["* foo", ["foo"]],
    ["明天*", ["明+天"]],
    ["👍", ["👍"]],
    ["(a OR b)", ["a|b"]],
  ])("reads %j", (words, expected) => {
    expect(short(parseQuery(words))).toEqual(expected);
  });

  it.each([
    ["OR", "OR stands between"],
    ["OR a", "OR stands between"],
    ["a OR", "OR stands between"],
    ["a OR OR b", "OR stands between"],
    ["-a OR b", "OR stands between"],
    ["a OR -b", "excluded"],
    ['"open', "not closed"],
    ['a "b" "', "not closed"],
    ["!!!", "no word"],
    ["-", "no word"],
    ["e-mail*", "single word"],
    ["x".repeat(1_001), "1000 characters"],
    [Array.from({ length: 65 }, () => "x").join(" "), "64 words"],
    [`"${"x ".repeat(65)}"`, "64 words"],
  ])("refuses %j and says why", (words, why) => {
    expect(() => parseQuery(words)).toThrow(why);
    expect(thrownBy(() => parseQuery(words))).toMatchObject({ code: "bad-query" });
  });

  it("never fails in another way", () => {
    const pieces = fc.oneof(
      fc.constantFrom('"', "-", "*", " ", "OR", " OR ", "a", "明天", "\0", "'", "\\", "%", ";"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          const query = parseQuery(parts.join(""));
          matches(query, parts.join(" "));
        } catch (error) {
          if (!(error instanceof CatalogueError) || error.code !== "bad-query") throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads what it was written from", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/).filter((text) => text !== "");
    const term = fc.oneof(
      word,
      word.map((text) => `${text}*`),
      fc.array(word, { minLength: 2, maxLength: 3 }).map((list) => `"${list.join(" ")}"`),
    );
    const inShort = (text: string) => text.replaceAll('"', "").replaceAll(" ", "+");
    fc.assert(
      fc.property(
        fc.array(fc.array(term, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        fc.array(term, { maxLength: 3 }),
        (clauses, none) => {
          const words = [...clauses.map((terms) => terms.join(" OR ")), ...none.map((one) => `-${one}`)].join(
            " ",
          );
          expect(short(parseQuery(words))).toEqual([
            ...clauses.map((terms) => terms.map(inShort).join("|")),
            ...none.map((one) => `-${inShort(one)}`),
          ]);
        },
      ),
    );
  });
});

describe("a candidate's text", () => {
  it.each([
    ['"red box"', "the Red, box", true],
    ['"red box"', "box red", false],
    ['"red box"', "red big box", false],
    ["e-mail", "an E mail", true],
    ["東京都", "これは東京都です", true],
    ["東京都", "東京と京都", false],
    ["東京都", "東京、都", false],
    ['box* -"red box"', "boxes and a red bag", true],
    ['box* -"red box"', "boxes: a red box", false],
    ['a OR "b c"', "b c", true],
    ['a OR "b c"', "c b", false],
    ["boxe*", "box", false],
  ])("for %j, %j: %j", (words, text, expected) => {
    expect(matches(parseQuery(words), text)).toBe(expected);
  });
});
