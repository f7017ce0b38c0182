import {
  newSessionKey,
  openPacket,
  openStream,
  openVerified,
  sealedStreamSize,
  sealPacket,
  sealStream,
} from "@daybook/openpgp";
import fc from "fast-check";
import {
  codeOf,
  collect,
  content,
  inPieces,
  literal,
  openWithOpenpgp,
  packet,
  sealRaw,
  sealWithOpenpgp,
  SIZES,
} from "./samples.ts";

const key = newSessionKey();
const PART = 65_536;
const open = (sealed: Uint8Array, piece = 1_000) => collect(openStream(inPieces(sealed, piece), key));
const seal = (plaintext: Uint8Array) => collect(sealStream(inPieces(plaintext), key));
const refused = {
  name: "ArchiveError",
  code: expect.stringMatching(/^(malformed|undecryptable)$/) as unknown,
  retryable: false,
};

describe("sealStream", () => {
  it.each(SIZES)("seals %d bytes so that openStream and openpgp.js open them", async (size) => {
    const plaintext = content(size);
    const sealed = await seal(plaintext);

    expect(sealed.length).toBe(sealedStreamSize(size));
    expect((await open(sealed)).equals(plaintext)).toBe(true);
    expect((await openWithOpenpgp(sealed, key)).equals(plaintext)).toBe(true);
  });

  it("opens what it sealed, in whatever pieces both come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        async (size, pieceIn, pieceOut) => {
          const sealed = await collect(sealStream(inPieces(content(size), pieceIn), key));
          expect((await open(sealed, pieceOut)).equals(content(size))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
    expect((await open(await seal(content(700)), 1)).equals(content(700))).toBe(true);
  });

  it("takes empty pieces for what they are", async () => {
    const gaps = async function* () {
      for (const text of ["", "a", "", "", "b", ""]) yield Buffer.from(text);
    };
    const sealed = await collect(sealStream(gaps(), key));

    expect((await open(sealed)).toString()).toBe("ab");
  });

  it("writes equal parts of a power of two and then a definite length", async () => {
    const sealed = await seal(content(200_000));
    let at = 1;
    const parts: number[] = [];
    while (sealed[at] === 0xf0) {
      parts.push(PART);
      at += 1 + PART;
    }

    expect(parts).toHaveLength(3);
    expect(sealed[at]).toBeGreaterThanOrEqual(192);
  });

  it("says the size of streams beyond 4 GiB", () => {
    const plain = 5 * 1024 ** 3;
    const overhead = sealedStreamSize(plain) - plain;

    expect(overhead).toBeGreaterThan((2 * plain) / PART);
    expect(overhead).toBeLessThan((2 * plain) / PART + 100);
  });

  it("never makes the same bytes twice", async () => {
    expect((await seal(content(9))).equals(await seal(content(9)))).toBe(false);
  });
});

describe("memory", () => {
  const counted = (parts: number) => {
    const source = { pulled: 0, isClosed: false };
    const body = async function* () {
      try {
        for (; source.pulled < parts; source.pulled += 1) yield content(PART);
      } finally {
        source.isClosed = true;
      }
    };
    return { source, body };
  };

  it("is flat: both ways read only a little further than what was taken", async () => {
    const { source, body } = counted(400);
    let taken = 0;
    for await (const part of openStream(sealStream(body(), key), key)) {
      taken += part.length;
      expect(source.pulled * PART - taken).toBeLessThan(6 * PART);
    }
    expect(taken).toBe(400 * PART);
  });

  it("is given back when the consumer stops early: the source is closed", async () => {
    const { source, body } = counted(400);
    for await (const _ of openStream(sealStream(body(), key), key)) break;

    expect(source.isClosed).toBe(true);
    expect(source.pulled).toBeLessThan(10);
  });

  it("passes on the error of a source", async () => {
    const broken = async function* () {
      yield content(PART);
      throw new Error("the source failed");
    };
    await expect(collect(sealStream(broken(), key))).rejects.toThrow("the source failed");
    await expect(collect(openStream(broken(), key))).rejects.toMatchObject(refused);
    const late = async function* () {
      yield sealPacket(content(100), key).subarray(0, 100);
      throw new Error("the source failed");
    };
    await expect(collect(openStream(late(), key))).rejects.toThrow("the source failed");
  });
});

describe("openStream", () => {
  it.each(SIZES)("opens %d bytes that sealPacket or openpgp.js sealed", async (size) => {
    expect((await open(sealPacket(content(size), key))).equals(content(size))).toBe(true);

    const sealed = await sealWithOpenpgp(inPieces(content(size), 10_000), key);
    expect((await open(sealed)).equals(content(size))).toBe(true);
  });

  it("refuses another key", async () => {
    const sealed = await seal(content(100_000));
    await expect(collect(openStream(inPieces(sealed), newSessionKey()))).rejects.toMatchObject({
      code: "undecryptable",
    });
  });

  it("refuses a stream in which any byte was changed", async () => {
    const sealed = await seal(content(300));
    for (let at = 0; at < sealed.length; at += 1) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const altered = Buffer.from(sealed);
        altered[at]! ^= bits;
        await expect(open(altered)).rejects.toMatchObject(refused);
      }
    }
  });

  it("refuses a long stream with changes in and around its lengths, or cut, or with parts swapped", async () => {
    const sealed = await seal(content(200_000));
    const second = 1 + 1 + PART;
    const places = [
      1,
      2,
      20,
      21,
      22,
      second - 1,
      second,
      second + 1,
      2 * second,
      sealed.length - 22,
      sealed.length - 1,
    ];
    for (const at of places) {
      const altered = Buffer.from(sealed);
      altered[at]! ^= 0x04;
      await expect(open(altered, PART)).rejects.toMatchObject(refused);
    }
    for (const end of [
      0,
      1,
      2,
      3,
      30,
      second,
      second + 1,
      2 * second,
      sealed.length - 20,
      sealed.length - 1,
    ]) {
      await expect(open(sealed.subarray(0, end), PART)).rejects.toMatchObject(refused);
    }
    const swapped = Buffer.concat([
      sealed.subarray(0, 1),
      sealed.subarray(second, second + 1 + PART),
      sealed.subarray(1, second),
      sealed.subarray(second + 1 + PART),
    ]);
    expect(swapped).toHaveLength(sealed.length);
    await expect(open(swapped, PART)).rejects.toMatchObject(refused);
  });

  it("refuses what follows the packet", async () => {
    const sealed = await seal(content(300));
    await expect(open(Buffer.concat([sealed, Buffer.from([0])]))).rejects.toMatchObject({
      code: "malformed",
    });
    await expect(open(Buffer.concat([sealed, sealed]))).rejects.toMatchObject({ code: "malformed" });
  });

  it("refuses whatever else it is given", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, looksRight) => {
        const hostile = looksRight ? packet(0xd2, Buffer.concat([Buffer.from([1]), bytes])) : bytes;
        await expect(open(hostile)).rejects.toMatchObject(refused);
      }),
    );
  });

  const parted = (tag: number, length: number, body: Uint8Array) =>
    Buffer.concat([Buffer.from([tag, length]), body, Buffer.from([0])]);
  it.each<{ what: string; sealed: Uint8Array }>([
    { what: "an authentic packet with compressed data", sealed: sealRaw(packet(0xc8, content(99)), key) },
    {
      what: "an authentic packet with two literals",
      sealed: sealRaw(Buffer.concat([literal("a"), literal("b")]), key),
    },
    {
      what: "an authentic packet with a literal of 4 GiB",
      sealed: sealRaw(Buffer.from("cbffffffffff6200000000006162", "hex"), key),
    },
    { what: "an authentic packet with a literal of text", sealed: sealRaw(literal("a", "t"), key) },
    {
      what: "an authentic packet with a small first part",
      sealed: sealRaw(parted(0xcb, 0xe8, Buffer.concat([Buffer.from("b\0\0\0\0\0"), content(250)])), key),
    },
    {
      what: "a code that is not in its own packet",
      sealed: sealRaw(literal("a"), key, { mdcHead: [0xd3, 0x15] }),
    },
    { what: "SEIPD version 2", sealed: sealRaw(literal("a"), key, { version: 2 }) },
    { what: "SED, which has no code", sealed: sealRaw(literal("a"), key, { tag: 0xc9 }) },
    { what: "a small first part", sealed: parted(0xd2, 0xe1, Buffer.from([1, 2])) },
  ])("refuses $what", async ({ sealed }) => {
    await expect(open(sealed)).rejects.toMatchObject(refused);
  });

  it("takes a first part of 512 bytes", async () => {
    const inside = parted(0xcb, 0xe9, Buffer.concat([Buffer.from("b\0\0\0\0\0"), content(506)]));
    expect((await open(sealRaw(inside, key))).equals(content(506))).toBe(true);
    expect(codeOf(() => openPacket(sealRaw(inside, key), key))).toBe("malformed");
  });
});

describe("openVerified", () => {
  it("yields what is authentic", async () => {
    const sealed = await seal(content(200_000));
    const opened = await collect(openVerified(() => inPieces(sealed), key));

    expect(opened.equals(content(200_000))).toBe(true);
  });

  it("yields nothing of what was altered at its very end, where openStream yields most of it", async () => {
    const sealed = await seal(content(200_000));
    sealed[sealed.length - 1]! ^= 1;
    const yielded = async (stream: AsyncIterable<Uint8Array>) => {
      let bytes = 0;
      await expect(
        (async () => {
          for await (const part of stream) bytes += part.length;
        })(),
      ).rejects.toMatchObject({ code: "undecryptable" });
      return bytes;
    };

    await expect(yielded(openVerified(() => inPieces(sealed), key))).resolves.toBe(0);
    await expect(yielded(openStream(inPieces(sealed), key))).resolves.toBe(200_000);
  });
});
