import canonicalize from "canonicalize";
import fc from "fast-check";
import { ArchiveError, canonical, type Json, parseCanonical } from "../src/index.ts";
import { refusal } from "./support/refusal.ts";

const double = (hex: string) => Buffer.from(hex, "hex").readDoubleBE();

describe("canonical JSON", () => {
  it("sorts members by UTF-16 code units (RFC 8785, 3.2.3)", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };

    expect(Object.values(JSON.parse(canonical(value)) as object)).toEqual([
      "One",
      "Carriage Return",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
    expect(canonical(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  it("writes the sample of RFC 8785, 3.2.2", () => {
    const value = JSON.parse(
      `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
        "string":"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}`,
    ) as Json;

    expect(canonical(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("writes the double %s as %s (RFC 8785, appendix B)", (hex, text) => {
    expect(canonical(double(hex))).toBe(text);
  });

  it.each<[string, Json]>([
    ["NaN", NaN],
    ["an infinity", -Infinity],
    ["a lone surrogate in a string", "\ud83d"],
    ["a lone surrogate in a name", { "\ude00": 1 }],
    ["over 256 levels of lists", Array.from({ length: 257 }).reduce<Json>((inner) => [inner], 0)],
    ["over 256 levels of objects", Array.from({ length: 257 }).reduce<Json>((inner) => ({ a: inner }), 0)],
  ])("refuses %s", (_, value) => {
    expect(refusal(() => canonical(value))).toBe("malformed");
  });

  it("agrees with another implementation, and reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = canonical(value);

        expect(text).toBe(canonicalize(value));
        expect(parseCanonical(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("leaves out members that are undefined", () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

describe("parsing canonical JSON", () => {
  it.each([
    ["white space", '{"a": 1}'],
    ["unsorted members", '{"b":1,"a":2}'],
    ["a name given twice", '{"a":1,"a":1}'],
    ["another spelling of a number", '{"a":1.0}'],
    ["an escape that is not needed", '{"a":"\\u0041"}'],
    ["a number beyond doubles", "[1e400]"],
    ["a lone surrogate", '"\\ud800"'],
    ["something after the end", "{}{}"],
    ["nothing", ""],
    ["lists nested a hundred thousand deep", "[".repeat(100_000) + "]".repeat(100_000)],
  ])("refuses %s", (_, text) => {
    expect(() => parseCanonical(text)).toThrow(ArchiveError);
  });
});
