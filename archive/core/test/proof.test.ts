import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { ArchiveError, checkpointSigner, decodeProof, encodeProof } from "../src/index.ts";
import { refusal } from "./support/refusal.ts";

const checkpoint = checkpointSigner("dept.example/0", Buffer.alloc(32, 1)).sign(5, Buffer.alloc(32, 7));
const hashes = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const text = encodeProof({ index: 4, hashes, checkpoint });

describe("a tlog-proof", () => {
  it("has the lines that C2SP names", () => {
    expect(text).toBe(
      `c2sp.org/tlog-proof@v1\nindex 4\n${hashes.map((h) => h.toString("base64")).join("\n")}\n\n${checkpoint}`,
    );
  });

  it("is read back, whatever it proves", () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 }),
        (index, parts) => {
          const proof = { index, hashes: parts.map((p) => Buffer.from(p)), checkpoint };
          expect(decodeProof(encodeProof(proof))).toEqual(proof);
        },
      ),
    );
  });

  it.each([
    ["another first line", text.replace("@v1", "@v2")],
    ["no index", text.replace("index 4\n", "")],
    ["an index with a leading zero", text.replace("index 4", "index 04")],
    ["a negative index", text.replace("index 4", "index -4")],
    ["an index beyond safe integers", text.replace("index 4", "index 9007199254740993")],
    ["a hash that is too short", text.replace(hashes[0]!.toString("base64"), "AQEB")],
    ["a hash in loose base64", text.replace("=\n", "\n")],
    [
      "64 hashes",
      encodeProof({ index: 4, hashes: Array.from({ length: 64 }, () => hashes[0]!), checkpoint }),
    ],
    ["no blank line", text.replaceAll("\n\n", "\n")],
    ["nothing", ""],
  ])("with %s is refused", (_, changed) => {
    expect(refusal(() => decodeProof(changed))).toBe("malformed");
  });

  it("of any text is read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), fc.nat(text.length), (inserted, at) => {
        try {
          decodeProof(text.slice(0, at) + inserted + text.slice(at));
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveError);
        }
      }),
    );
  });
});
