import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { createHmac, createSecretKey } from "node:crypto";
import { hmacSha256 } from "../src/index.ts";

describe("HMAC-SHA-256", () => {
  it("is what Node makes, for any key of a block or less and any text", () => {
    const keys = fc.uint8Array({ minLength: 1, maxLength: 64 });
    const texts = fc.array(fc.string({ unit: codePoint, maxLength: 300 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(keys, texts, (bytes, all) => {
        const key = createSecretKey(bytes);
        for (const text of all) {
          const made = createHmac("sha256", key).update(text).digest("hex");
          expect(hmacSha256(key, text).toString("hex")).toBe(made);
        }
      }),
    );
  });

  // RFC 4231 section 4.3.
  it("is what the standard's example says", () => {
    expect(
      hmacSha256(createSecretKey(Buffer.from("Jefe")), "what do ya want for nothing?").toString("hex"),
    ).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  });

  it("refuses a key longer than a block", () => {
    expect(() => hmacSha256(createSecretKey(Buffer.alloc(65)), "")).toThrow(RangeError);
  });
});
