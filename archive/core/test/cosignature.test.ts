import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import {
  addCosignature,
  ArchiveError,
  checkpointSigner,
  isWitnessed,
  judgeCosignatures,
  openCheckpoint,
  parseVkey,
  parseWitnessKey,
  readNote,
  witnessPolicy,
} from "../src/index.ts";
import { cosigner } from "../testing/index.ts";
import { refusal } from "./support/refusal.ts";

// Made by Go's filippo.io/torchwood v0.6.1 with the seed 0x02 * 32.
const TEXT = "dept.example/0\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";
const LINE =
  "— witness.example/w1 3xwKNQAAAABrCyk9PZF5jRZ/CyBa1zL9v2WISWORk0S8f950wDbMghHCVOM+WjPu1LGmyuH/9/uBPU8w2XBosIAiW7CAKn3sOFT4Bw==\n";
const VKEY = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const AT = new Date(0x6b0b293d * 1_000);

const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));
const note = signer.sign(42, Buffer.alloc(32, 7));
const verifier = parseVkey(signer.vkey);
const one = cosigner("witness.example/w1", Buffer.alloc(32, 2));
const two = cosigner("witness.example/w2", Buffer.alloc(32, 3));
const witnesses = [one, two].map(({ vkey }) => parseWitnessKey(vkey));
const [first, second] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0]];

/** A signature line with a byte of its blob turned over. */
function flipped(line: string, at: number): string {
  const { name, blob } = readNote(`x\n\n${line}`).signatures[0]!;
  blob.writeUInt8(blob.readUInt8(at) ^ 1, at);
  return `— ${name} ${blob.toString("base64")}\n`;
}

describe("a witness's key", () => {
  it("is read and made as Go's torchwood does", () => {
    expect(parseWitnessKey(VKEY).name).toBe("witness.example/w1");
    expect(one.vkey).toBe(VKEY);
  });

  it.each([
    ["of a log", signer.vkey],
    ["with another id", VKEY.replace("df1c0a35", "df1c0a36")],
    ["with another name", VKEY.replace("w1", "w2")],
    ["cut short", VKEY.slice(0, -4)],
    ["with something behind it", `${VKEY}\n`],
    ["that is nothing", ""],
  ])("%s is refused", (_, vkey) => {
    expect(refusal(() => parseWitnessKey(vkey))).toBe("malformed");
  });

  it("is not taken for a log's", () => {
    expect(refusal(() => parseVkey(VKEY))).toBe("malformed");
  });
});

describe("a cosignature", () => {
  it("by Go's torchwood is good, and made the same here", () => {
    expect(judgeCosignatures(`${TEXT}\n${LINE}`, witnesses)).toEqual({
      good: [{ witness: "witness.example/w1", at: AT }],
      wrong: [],
      unknown: [],
    });
    expect(one.cosign(`${TEXT}\n${LINE}`, AT)).toBe(LINE);
  });

  it("stands beside the log's signature, which stays good", () => {
    const both = addCosignature(addCosignature(note, LINE, first), two.cosign(note, AT), second);

    expect(both).toBe(`${note}${LINE}${two.cosign(note, AT)}`);
    expect(openCheckpoint(both, verifier).size).toBe(42);
    expect(judgeCosignatures(both, witnesses, [verifier])).toEqual({
      good: witnesses.map(({ name }) => ({ witness: name, at: AT })),
      wrong: [],
      unknown: [],
    });
  });

  it("of an unknown key is named, whatever it is worth", () => {
    const stranger = cosigner("stranger.example", Buffer.alloc(32, 9)).cosign(note, AT);
    const judged = judgeCosignatures(`${note}${flipped(stranger, 20)}`, witnesses, [verifier]);

    expect(judged).toEqual({ good: [], wrong: [], unknown: ["stranger.example"] });
  });

  it.each([
    ["another checkpoint", () => one.cosign(signer.sign(43, Buffer.alloc(32, 7)), AT)],
    ["another time", () => flipped(LINE, 11)],
    ["no time that can be", () => flipped(LINE, 4)],
    ["another signature", () => flipped(LINE, 30)],
    ["a signature cut short", () => `${LINE.slice(0, -9)}\n`],
    [
      "a plain signature under its id",
      () => `— ${first.name} ${Buffer.concat([first.id, Buffer.alloc(64)]).toString("base64")}\n`,
    ],
  ])("with %s is wrong", (_, line) => {
    expect(judgeCosignatures(`${note}${line()}`, witnesses, [verifier]).wrong).toEqual([one.name]);
    expect(isWitnessed(`${note}${line()}${two.cosign(note, AT)}`, { witnesses, quorum: 1 })).toBe(false);
    expect(refusal(() => addCosignature(note, line(), first))).toBe("corrupt");
  });

  it("that is good does not hide a wrong one of the same key", () => {
    expect(judgeCosignatures(`${note}${LINE}${flipped(LINE, 30)}`, witnesses).wrong).toEqual([one.name]);
  });

  it("counts once and from its first time when a witness signed twice", () => {
    const later = one.cosign(note, new Date(AT.getTime() + 5_000));

    expect(judgeCosignatures(`${note}${later}${LINE}`, witnesses).good).toEqual([
      { witness: one.name, at: AT },
    ]);
  });

  it("is no signature of the log, even of the same key", () => {
    const twin = cosigner(signer.origin, Buffer.alloc(32, 1));

    expect(refusal(() => openCheckpoint(`${TEXT}\n${twin.cosign(note, AT)}`, verifier))).toBe("corrupt");
  });

  it("with any byte turned over is never good", () => {
    const bytes = readNote(`${TEXT}\n${LINE}`).signatures[0]!.blob.length;
    fc.assert(
      fc.property(fc.nat(bytes - 1), (at) => {
        expect(judgeCosignatures(`${note}${flipped(LINE, at)}`, witnesses).good).toEqual([]);
      }),
    );
  });

  it("is read back for any time, checkpoint and witness", () => {
    fc.assert(
      fc.property(
        fc.nat(8_640_000_000_000),
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (seconds, size, seed) => {
          const any = cosigner("any.example", seed);
          const signed = signer.sign(size, Buffer.alloc(32, 5));
          const at = new Date(seconds * 1_000);
          const cosigned = addCosignature(signed, any.cosign(signed, at), parseWitnessKey(any.vkey));
          expect(judgeCosignatures(cosigned, [parseWitnessKey(any.vkey)]).good).toEqual([
            { witness: "any.example", at },
          ]);
        },
      ),
    );
  });
});

describe("an answer of a witness", () => {
  it("takes the place of its earlier signature, and leaves others", () => {
    const before = `${note}${two.cosign(note, AT)}${LINE}`;
    const later = one.cosign(note, new Date(AT.getTime() + 5_000));

    expect(addCosignature(before, later, first)).toBe(`${note}${two.cosign(note, AT)}${later}`);
  });

  it("brings in no line of another key", () => {
    expect(addCosignature(note, `${two.cosign(note, AT)}${LINE}`, first)).toBe(`${note}${LINE}`);
    expect(refusal(() => addCosignature(note, two.cosign(note, AT), first))).toBe("corrupt");
  });

  it.each([
    ["nothing", "", "corrupt"],
    ["no last newline", LINE.slice(0, -1), "malformed"],
    ["a blank line", `\n${LINE}`, "malformed"],
    ["HTML", "<html></html>\n", "malformed"],
    ["a thousand lines", LINE.repeat(1_000), "malformed"],
  ])("that is %s is refused", (_, answer, code) => {
    expect(refusal(() => addCosignature(note, answer, first))).toBe(code);
  });

  it("of any text is taken or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), fc.nat(LINE.length), (inserted, at) => {
        try {
          addCosignature(note, LINE.slice(0, at) + inserted + LINE.slice(at), first);
        } catch (error) {
          if (!(error instanceof ArchiveError)) throw error;
        }
      }),
    );
  });
});

describe("a policy", () => {
  const vkeys = [one.vkey, two.vkey];

  it("asks for so many different witnesses", () => {
    const single = addCosignature(note, LINE, first);
    const both = addCosignature(single, two.cosign(note, AT), second);

    expect([note, single, both].map((at) => isWitnessed(at, witnessPolicy(vkeys, 1)))).toEqual([
      false,
      true,
      true,
    ]);
    expect([single, `${single}${LINE}`, both].map((at) => isWitnessed(at, witnessPolicy(vkeys, 2)))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each([
    ["no witness", [], 1],
    ["a quorum of none", vkeys, 0],
    ["a quorum of more than there are", vkeys, 3],
    ["half a quorum", vkeys, 1.5],
    ["a witness twice", [one.vkey, one.vkey], 1],
    ["one key under two names", [one.vkey, cosigner("alias.example", Buffer.alloc(32, 2)).vkey], 1],
    ["one name with two keys", [one.vkey, cosigner(one.name, Buffer.alloc(32, 8)).vkey], 1],
    ["a key that is none", [one.vkey, "x"], 1],
  ])("of %s is refused", (_, keys, quorum) => {
    expect(refusal(() => witnessPolicy(keys, quorum))).toBe("malformed");
  });
});
