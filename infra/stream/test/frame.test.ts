import fc from "fast-check";
import {
  claimedOffset,
  encodeGroup,
  FRAME_HEADER_BYTES,
  frameAt,
  isFirstOfGroup,
  lengthOf,
  MAX_PAYLOAD_BYTES,
} from "../src/file/frame.ts";

const payload = fc.uint8Array({ minLength: 1, maxLength: 200 });
const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 100 });

describe("a frame", () => {
  it("is read back whole, at its place and offset", () => {
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 8 }), offset, (payloads, first) => {
        const group = encodeGroup(payloads, first);
        let at = 0;
        for (const [i, expected] of payloads.entries()) {
          expect(frameAt(group, at, first + i)).toBe("whole");
          expect(claimedOffset(group, at)).toBe((first + i) % 2 ** 32);
          const word = group.readUInt32BE(at);
          expect(isFirstOfGroup(word)).toBe(i === 0);
          const start = at + FRAME_HEADER_BYTES;
          at = start + lengthOf(word);
          expect(group.subarray(start, at)).toEqual(Buffer.from(expected));
        }
        expect(at).toBe(group.length);
      }),
    );
  });

  it("does not pass with any one bit changed", () => {
    const frame = encodeGroup([Buffer.from("one payload")], 7);
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const altered = Buffer.from(frame);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(frameAt(altered, 0, 7)).not.toBe("whole");
    }
  });

  it("does not pass at another message's offset", () => {
    fc.assert(
      fc.property(
        payload,
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (bytes, at, by) => {
          expect(frameAt(encodeGroup([bytes], at), 0, at + by)).toBe("bad");
        },
      ),
    );
  });

  it("is short until its last byte is there", () => {
    const frame = encodeGroup([Buffer.from("one payload")], 7);
    for (let length = 0; length < frame.length; length += 1) {
      expect(frameAt(frame.subarray(0, length), 0, 7)).toBe("short");
    }
  });

  it("is never made of zeros, nor longer than a payload may be", () => {
    expect(frameAt(Buffer.alloc(1_000), 0, 0)).toBe("bad");
    const long = Buffer.alloc(16);
    long.writeUInt32BE(MAX_PAYLOAD_BYTES + 1);
    expect(frameAt(long, 0, 0)).toBe("bad");
  });

  it("is read from any bytes without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), offset, (bytes, at) => {
        expect(["whole", "short", "bad"]).toContain(frameAt(Buffer.from(bytes), 0, at));
      }),
    );
  });
});
