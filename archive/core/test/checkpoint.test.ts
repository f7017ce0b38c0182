import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { verify } from "node:crypto";
import { ArchiveError, checkpointSigner, openCheckpoint, parseVkey, readCheckpoint } from "../src/index.ts";
import { refusal } from "./support/refusal.ts";

// The example of Go's golang.org/x/mod/sumdb/note.
const NAME = "PeterNeumann";
const VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SKEY = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE =
  "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

const seed = Buffer.alloc(32, 1);
const signer = checkpointSigner("dept.example/0", seed);
const root = Buffer.alloc(32, 7);
const note = signer.sign(42, root);
const verifier = parseVkey(signer.vkey);

describe("a verifier key", () => {
  it("of the Go example is read, and verifies its signature", () => {
    const { name, id, key } = parseVkey(VKEY);
    const blob = Buffer.from(SIGNATURE, "base64");

    expect([name, id.toString("hex")]).toEqual([NAME, "c74f20a3"]);
    expect(blob.subarray(0, 4)).toEqual(id);
    expect(verify(null, Buffer.from(TEXT), key, blob.subarray(4))).toBe(true);
  });

  it("is made from a seed as the Go example has it", () => {
    expect(checkpointSigner(NAME, Buffer.from(SKEY, "base64").subarray(1)).vkey).toBe(VKEY);
  });

  it.each([
    ["another id", VKEY.replace("c74f20a3", "c74f20a4")],
    ["another name", VKEY.replace("Peter", "Petra")],
    ["another type", VKEY.replace("+AR", "+BR")],
    ["a name with a space", VKEY.replace("Peter", "Peter ")],
    ["a key cut short", VKEY.slice(0, -4)],
    ["something behind it", `${VKEY}\n`],
    ["nothing", ""],
  ])("with %s is refused", (_, vkey) => {
    expect(refusal(() => parseVkey(vkey))).toBe("malformed");
  });
});

describe("a checkpoint", () => {
  it("is a signed note of origin, size and root", () => {
    const [origin, size, base64, blank, signature] = note.split("\n");

    expect([origin, size, base64, blank]).toEqual(["dept.example/0", "42", root.toString("base64"), ""]);
    expect(signature).toMatch(/^— dept\.example\/0 [A-Za-z0-9+/]{91}=$/);
    expect(openCheckpoint(note, verifier)).toEqual({ origin: "dept.example/0", size: 42, root });
  });

  it("may carry extension lines and signatures of witnesses", () => {
    const witness = checkpointSigner("witness.example", Buffer.alloc(32, 2)).sign(42, root).split("\n\n")[1];

    expect(openCheckpoint(`${note}${witness}`, verifier).size).toBe(42);
    expect(readCheckpoint(note.replace("\n\n", "\nextension\n\n")).size).toBe(42);
  });

  it("is refused when a line of it is changed, by whomever it is signed", () => {
    const other = checkpointSigner("dept.example/0", Buffer.alloc(32, 2));
    const elsewhere = checkpointSigner("dept.example/1", seed);

    for (const forged of [
      note.replace("\n42\n", "\n43\n"),
      note.replace(root.toString("base64"), Buffer.alloc(32, 8).toString("base64")),
      note.replace("\n\n", "\nextension\n\n"),
      other.sign(42, root),
      elsewhere.sign(42, root),
      elsewhere.sign(42, root).replaceAll("dept.example/1", "dept.example/0"),
      // A signature of our key that is wrong spoils the note, whatever stands beside it.
      `${note}${signer.sign(43, root).split("\n\n")[1]}`,
    ]) {
      expect(refusal(() => openCheckpoint(forged, verifier))).toBe("corrupt");
    }
  });

  it.each([
    ["no signature", note.slice(0, note.indexOf("\n\n") + 2)],
    ["no blank line", note.replace("\n\n", "\n")],
    ["no last newline", note.slice(0, -1)],
    ["an empty line at the end", `${note}\n`],
    ["a signature line that is none", `${note}- x y\n`],
    ["a signature in loose base64", note.replace(/=\n$/, "\n")],
    ["a carriage return", note.replace("\n42", "\r\n42")],
    ["a control character", note.replace("\n42", "\u0001\n42")],
    ["a size with a leading zero", note.replace("\n42\n", "\n042\n")],
    ["a negative size", note.replace("\n42\n", "\n-42\n")],
    ["a size beyond safe integers", note.replace("\n42\n", "\n9007199254740993\n")],
    ["a root that is too short", note.replace(root.toString("base64"), root.subarray(1).toString("base64"))],
    ["a root in loose base64", note.replace(/=\n\n/, "\n\n")],
    ["no origin", note.slice(note.indexOf("\n"))],
    ["no text", note.slice(note.indexOf("\n\n"))],
    ["far too much", `${"x".repeat(70_000)}${note}`],
    ["nothing", ""],
  ])("with %s is refused", (_, text) => {
    expect(refusal(() => readCheckpoint(text))).toBe("malformed");
  });

  it.each(["", "two words", "plus+sign", "new\nline", "x".repeat(201)])(
    "is not signed for the origin %j",
    (origin) => {
      expect(() => checkpointSigner(origin, seed)).toThrow(ArchiveError);
    },
  );

  it("is read back for any size and root", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, bytes) => {
        expect(openCheckpoint(signer.sign(size, bytes), verifier)).toEqual({
          origin: signer.origin,
          size,
          root: Buffer.from(bytes),
        });
      }),
    );
  });

  it("of any text is read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), fc.nat(note.length), (inserted, at) => {
        const text = note.slice(0, at) + inserted + note.slice(at);
        try {
          if (inserted !== "") openCheckpoint(text, verifier);
          expect([inserted, at]).toEqual(inserted === "" ? ["", at] : "a changed note was accepted");
        } catch (error) {
          if (!(error instanceof ArchiveError)) throw error;
        }
      }),
    );
  });
});
