import { inspect } from "node:util";
import { formatSessionKey, newSessionKey, parseSessionKey, SessionKey } from "@daybook/openpgp";
import fc from "fast-check";
import { codeOf } from "./samples.ts";

describe("a session key", () => {
  it("is written as gpg wants it and read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const text = formatSessionKey(new SessionKey(bytes));
        expect(text).toBe(`9:${Buffer.from(bytes).toString("hex").toUpperCase()}`);
        expect(parseSessionKey(text).bytes.equals(bytes)).toBe(true);
      }),
    );
  });

  it("is never the same twice", () => {
    expect(new Set(Array.from({ length: 100 }, () => formatSessionKey(newSessionKey()))).size).toBe(100);
  });

  it("shows its bytes to nobody who prints it", () => {
    const key = newSessionKey();
    const printed = [
      inspect(key),
      inspect({ key }),
      JSON.stringify({ key }),
      String(key),
      inspect(key, { showHidden: true }),
    ];
    for (const text of printed) expect(text).toContain("[session key]");
    expect(Object.keys(key)).toEqual([]);
  });

  it.each([
    "",
    "9:",
    `9:${"AB".repeat(31)}`,
    `9:${"AB".repeat(33)}`,
    `9:${"ab".repeat(32)}`,
    `7:${"AB".repeat(32)}`,
    `9:${"AB".repeat(32)}\n`,
    ` 9:${"AB".repeat(32)}`,
    `9:${"AG".repeat(32)}`,
  ])("is not read from %j", (text) => {
    expect(codeOf(() => parseSessionKey(text))).toBe("malformed");
  });

  it("has 32 bytes", () => {
    expect(() => new SessionKey(Buffer.alloc(16))).toThrow(RangeError);
  });
});
