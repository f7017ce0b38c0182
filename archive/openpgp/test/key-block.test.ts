import {
  buildKeyBlock,
  formatKeyLines,
  formatSessionKey,
  type KeyLine,
  newSessionKey,
  openPacket,
  parseKeyLines,
  readKeyBlock,
  sealPacket,
  SessionKey,
} from "@daybook/openpgp";
import fc from "fast-check";
import { codeOf, content, pairOf } from "./samples.ts";

const HEX = "AB".repeat(32);
const written = (lines: readonly KeyLine[]) =>
  lines.map(({ key, ...place }) => ({ ...place, key: formatSessionKey(key) }));
const place = fc.record({
  index: fc.nat({ max: 9_007_199_254_740_991 }),
  attachment: fc.option(fc.nat({ max: 5_000 }), { nil: undefined }),
});
const lines = fc
  .uniqueArray(place, { selector: ({ index, attachment }) => `${index}.${attachment ?? ""}`, maxLength: 50 })
  .map((places) =>
    places.map(({ index, attachment }, i): KeyLine => ({
      index,
      ...(attachment !== undefined && { attachment }),
      key: new SessionKey(Buffer.alloc(32, i)),
    })),
  );

describe("a key block", () => {
  it("gives back the keys of records and attachments, in the order of the log", async () => {
    const { recipients, privateKey } = await pairOf();
    const keys = Array.from({ length: 5 }, newSessionKey);
    const sealed = sealPacket(content(9), keys[3]!);
    const block = await buildKeyBlock(
      [
        { index: 11, key: keys[4]! },
        { index: 10, key: keys[0]! },
        { index: 10, attachment: 10, key: keys[3]! },
        { index: 10, attachment: 0, key: keys[1]! },
        { index: 10, attachment: 9, key: keys[2]! },
      ],
      recipients,
    );
    const read = await readKeyBlock(block, privateKey);

    expect(written(read)).toEqual([
      { index: 10, key: formatSessionKey(keys[0]!) },
      { index: 10, attachment: 0, key: formatSessionKey(keys[1]!) },
      { index: 10, attachment: 9, key: formatSessionKey(keys[2]!) },
      { index: 10, attachment: 10, key: formatSessionKey(keys[3]!) },
      { index: 11, key: formatSessionKey(keys[4]!) },
    ]);
    expect(openPacket(sealed, read[3]!.key).equals(content(9))).toBe(true);
  });

  it("is built again without a record for disposal, and for other recipients for rotation", async () => {
    const [old, next] = [await pairOf(), await pairOf()];
    const block = await buildKeyBlock(
      [1, 2, 3].map((index) => ({ index, key: newSessionKey() })),
      old.recipients,
    );
    const kept = (await readKeyBlock(block, old.privateKey)).filter(({ index }) => index !== 2);
    const rebuilt = await buildKeyBlock(kept, next.recipients);

    expect(written(await readKeyBlock(rebuilt, next.privateKey))).toEqual(written(kept));
    await expect(readKeyBlock(rebuilt, old.privateKey)).rejects.toMatchObject({ code: "undecryptable" });
    const empty = await buildKeyBlock([], next.recipients);
    await expect(readKeyBlock(empty, next.privateKey)).resolves.toEqual([]);
  });
});

describe("the text of a key block", () => {
  it("reads back as it was written, whatever the records", () => {
    fc.assert(
      fc.property(lines, (given) => {
        const text = formatKeyLines(given);
        const read = parseKeyLines(text);
        expect(formatKeyLines(read)).toBe(text);
        expect(new Set(written(read).map((line) => JSON.stringify(line)))).toEqual(
          new Set(written(given).map((line) => JSON.stringify(line))),
        );
      }),
    );
  });

  it("is what the format says", () => {
    const key = new SessionKey(Buffer.alloc(32, 0xab));
    const text = formatKeyLines([
      { index: 7, attachment: 0, key },
      { index: 7, key },
    ]);
    expect(text).toBe(`7 9:${HEX}\n7.0 9:${HEX}\n`);
  });

  it("is not made of a record that comes twice, or of what is no index", () => {
    const key = newSessionKey();
    for (const given of [
      [
        { index: 1, key },
        { index: 2, key },
        { index: 1, key },
      ],
      [
        { index: 1, attachment: 2, key },
        { index: 1, attachment: 2, key },
      ],
      [{ index: -1, key }],
      [{ index: 1.5, key }],
      [{ index: NaN, key }],
      [{ index: 2 ** 53, key }],
      [{ index: 1, attachment: -1, key }],
    ]) {
      expect(() => formatKeyLines(given)).toThrow(RangeError);
    }
  });

  it.each<{ what: string; text: string }>([
    { what: "a last line without an end", text: `1 9:${HEX}` },
    { what: "a carriage return", text: `1 9:${HEX}\r\n` },
    { what: "an empty line", text: `1 9:${HEX}\n\n` },
    { what: "a leading zero", text: `01 9:${HEX}\n` },
    { what: "a sign", text: `+1 9:${HEX}\n` },
    { what: "a leading space", text: ` 1 9:${HEX}\n` },
    { what: "a second space", text: `1  9:${HEX}\n` },
    { what: "lower case", text: `1 9:${HEX.toLowerCase()}\n` },
    { what: "another cipher", text: `1 7:${HEX.slice(32)}\n` },
    { what: "a short key", text: `1 9:${HEX.slice(2)}\n` },
    { what: "an index too large to count with", text: `9007199254740992 9:${HEX}\n` },
    { what: "an attachment without a number", text: `1. 9:${HEX}\n` },
    { what: "two points", text: `1.1.1 9:${HEX}\n` },
    { what: "a record twice", text: `1 9:${HEX}\n1 9:${HEX}\n` },
    { what: "records out of order", text: `2 9:${HEX}\n1 9:${HEX}\n` },
    { what: "an attachment before its record", text: `1.0 9:${HEX}\n1 9:${HEX}\n` },
    { what: "attachments out of order", text: `1.10 9:${HEX}\n1.9 9:${HEX}\n` },
    { what: "a remark", text: `1 9:${HEX} # mine\n` },
  ])("is refused with $what", ({ text }) => {
    expect(codeOf(() => parseKeyLines(text))).toBe("malformed");
  });

  it("is refused when it is anything else", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(codeOf(() => parseKeyLines(text))).toBe("malformed");
      }),
    );
  });
});
