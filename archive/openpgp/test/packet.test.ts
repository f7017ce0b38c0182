import { deflateRawSync } from "node:zlib";
import { MAX_PACKET_PLAINTEXT, newSessionKey, openPacket, sealPacket } from "@daybook/openpgp";
import fc from "fast-check";
import {
  codeOf,
  content,
  literal,
  openWithOpenpgp,
  packet,
  REFUSALS,
  sealRaw,
  sealWithOpenpgp,
  SIZES,
} from "./samples.ts";

const key = newSessionKey();
describe("sealPacket", () => {
  it.each(SIZES)("seals %d bytes so that openPacket and openpgp.js open them", async (size) => {
    const plaintext = content(size);
    const sealed = sealPacket(plaintext, key);

    expect(openPacket(sealed, key).equals(plaintext)).toBe(true);
    expect((await openWithOpenpgp(sealed, key)).equals(plaintext)).toBe(true);
  });

  it("opens what it sealed, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9_000 }), (plaintext) => {
        expect(openPacket(sealPacket(plaintext, key), key).equals(plaintext)).toBe(true);
      }),
    );
  });

  it("writes one SEIPD packet of version 1 with a definite length", () => {
    for (const size of SIZES) {
      const sealed = sealPacket(content(size), key);
      const octets = { 1: 1, 2: 2, 255: 5 }[sealed[1]! < 192 ? 1 : sealed[1]! < 224 ? 2 : sealed[1]!]!;

      expect(sealed[0]).toBe(0xd2);
      expect(sealed[1 + octets]).toBe(1);
    }
  });

  it("never makes the same bytes twice, even under the same key", () => {
    const made = Array.from({ length: 50 }, () => sealPacket(Buffer.from("same"), key).toString("hex"));
    expect(new Set(made.map((hex) => hex.slice(6, 38))).size).toBe(50);
  });

  it("does not show the plaintext", () => {
    expect(sealPacket(content(5_000), key).includes("archive")).toBe(false);
  });

  it("refuses more than a packet may hold", () => {
    expect(() => sealPacket(new Uint8Array(MAX_PACKET_PLAINTEXT + 1), key)).toThrow(RangeError);
  });
});

describe("openPacket", () => {
  it.each(SIZES)("opens %d bytes sealed by openpgp.js, with a name and a date", async (size) => {
    const sealed = await sealWithOpenpgp(content(size), key, { filename: "a name.txt", date: new Date() });

    expect(openPacket(sealed, key).equals(content(size))).toBe(true);
  });

  it("refuses another key", () => {
    expect(codeOf(() => openPacket(sealPacket(content(9), key), newSessionKey()))).toBe("undecryptable");
  });

  it.each([0, 40, 200])("refuses a packet of %d bytes in which any bit was changed", (size) => {
    const sealed = sealPacket(content(size), key);
    for (let at = 0; at < sealed.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const altered = Buffer.from(sealed);
        altered[at]! ^= 1 << bit;
        expect(REFUSALS).toContain(codeOf(() => openPacket(altered, key)));
      }
    }
  });

  it("refuses a packet that was cut anywhere, or that something follows", () => {
    const sealed = sealPacket(content(300), key);
    for (let end = 0; end < sealed.length; end += 1) {
      expect(codeOf(() => openPacket(sealed.subarray(0, end), key))).toBe("malformed");
    }
    expect(codeOf(() => openPacket(Buffer.concat([sealed, Buffer.from([0])]), key))).toBe("malformed");
    expect(codeOf(() => openPacket(Buffer.concat([sealed, sealed]), key))).toBe("malformed");
  });

  it("refuses whatever else it is given", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, looksRight) => {
        const hostile = looksRight ? packet(0xd2, Buffer.concat([Buffer.from([1]), bytes])) : bytes;
        expect(REFUSALS).toContain(codeOf(() => openPacket(hostile, key)));
      }),
    );
  });

  it("opens what the test itself seals, so that the vectors below fail for their own reason", () => {
    expect(openPacket(sealRaw(literal("text"), key), key).toString()).toBe("text");
  });

  const bomb = packet(
    0xc8,
    Buffer.concat([Buffer.from([1]), deflateRawSync(literal("x".repeat(10_000_000)))]),
  );
  it.each<{ holds: string; inside: Uint8Array }>([
    { holds: "compressed data, a bomb", inside: bomb },
    { holds: "another sealed packet", inside: sealPacket(content(9), key) },
    { holds: "nothing", inside: Buffer.alloc(0) },
    { holds: "nothing, at the least length", inside: Buffer.alloc(8) },
    { holds: "two literals", inside: Buffer.concat([literal("a"), literal("b")]) },
    {
      holds: "a literal and a padding packet",
      inside: Buffer.concat([literal("a"), packet(0xd5, content(9))]),
    },
    {
      holds: "a marker and a literal",
      inside: Buffer.concat([packet(0xca, Buffer.from("PGP")), literal("a")]),
    },
    { holds: "a signed literal", inside: Buffer.concat([packet(0xc4, Buffer.alloc(13)), literal("a")]) },
    { holds: "a literal of text, whose line ends are not its own", inside: literal("a", "t") },
    { holds: "a UTF-8 literal", inside: literal("a", "u") },
    {
      holds: "a literal whose name is longer than itself",
      inside: packet(0xcb, Buffer.from("b\xff12345678", "latin1")),
    },
    { holds: "a literal of 4 GiB", inside: Buffer.from("cbffffffffff620000000000616263", "hex") },
    { holds: "a literal shorter than what there is", inside: Buffer.from("cb07620000000000616263", "hex") },
    {
      holds: "a literal in parts",
      inside: Buffer.concat([Buffer.from([0xcb, 0xe9]), content(512), Buffer.from([0])]),
    },
    { holds: "an old-format literal", inside: Buffer.from("ac09620000000000616263", "hex") },
    { holds: "a literal without a head", inside: packet(0xcb, Buffer.from("b\0\0\0")) },
  ])("refuses an authentic packet that holds $holds", ({ inside }) => {
    expect(codeOf(() => openPacket(sealRaw(inside, key), key))).toBe("malformed");
  });

  it("refuses a code that is not in its own packet", () => {
    expect(codeOf(() => openPacket(sealRaw(literal("a"), key, { mdcHead: [0xd3, 0x15] }), key))).toBe(
      "malformed",
    );
    expect(codeOf(() => openPacket(sealRaw(literal("a"), key, { mdcHead: [] }), key))).toBe("malformed");
  });

  it.each([
    { what: "SEIPD version 2", packet: sealRaw(literal("a"), key, { version: 2 }) },
    { what: "SED, which has no code", packet: sealRaw(literal("a"), key, { tag: 0xc9 }) },
    { what: "an old-format header", packet: sealRaw(literal("a"), key, { tag: 0xa4 }) },
    { what: "a literal in clear", packet: literal("a".repeat(100)) },
    {
      what: "a length of 4 GiB",
      packet: Buffer.concat([Buffer.from("d2ffffffffff01", "hex"), content(100)]),
    },
    { what: "parts", packet: Buffer.concat([Buffer.from([0xd2, 0xe9, 1]), content(511), Buffer.from([0])]) },
  ])("refuses $what", ({ packet }) => {
    expect(codeOf(() => openPacket(packet, key))).toBe("malformed");
  });
});
