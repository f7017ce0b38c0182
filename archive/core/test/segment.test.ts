import fc from "fast-check";
import {
  ArchiveError,
  canonical,
  decodeSegment,
  encodeSegment,
  keyBlockKey,
  packRecords,
  parseSegmentName,
  segmentKey,
  type SegmentTrailer,
} from "../src/index.ts";
import { sealedRecord, sealedRecords, sha256 } from "./support/segments.ts";
import { refusal } from "./support/refusal.ts";

const about = { shard: "0", first: 7, previous: null, root: "ab".repeat(32) };

function segmentOf(records = sealedRecords(3)) {
  const packed = packRecords(records, 1_700_000_000_000);
  const bytes = encodeSegment(packed.packets, packed.leaves, {
    ...about,
    size: about.first + records.length,
  });
  return { records, packed, bytes };
}

/** The segment with another trailer, its length put right. */
function retrailed(bytes: Buffer, change: (trailer: SegmentTrailer) => object): Buffer {
  const length = bytes.readUInt32BE(bytes.length - 12);
  const body = bytes.subarray(0, bytes.length - 12 - length);
  const { trailer } = decodeSegment(bytes);
  const changed = Buffer.from(canonical(change(trailer) as never));
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(changed.length);
  return Buffer.concat([body, changed, tail, Buffer.from("DAYBOOK1")]);
}

describe("a segment", () => {
  it("holds packets, their leaves and a trailer, and gives each packet back", () => {
    const { records, packed, bytes } = segmentOf();
    const segment = decodeSegment(bytes);

    expect(bytes.subarray(0, packed.packets.length)).toEqual(packed.packets);
    expect(segment.seg).toBe(sha256(packed.packets));
    expect(segment.trailer).toMatchObject({ v: 1, shard: "0", first: 7, count: 3, size: 10, previous: null });
    for (const [i, { id, rec, packet }] of records.entries()) {
      expect(segment.packet(i)).toEqual(packet);
      expect(segment.leaves[i]).toMatchObject({
        id,
        rec,
        ct: sha256(packet),
        seg: segment.seg,
        len: packet.length,
      });
    }
    expect(() => segment.packet(3)).toThrow(RangeError);
  });

  it("is read back for any packets", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const { records, bytes } = segmentOf(sizes.map(sealedRecord));
        const segment = decodeSegment(bytes);

        expect(records.every(({ packet }, i) => segment.packet(i).equals(packet))).toBe(true);
      }),
    );
  });

  it("with any one byte changed is refused, or tells another story than the log", () => {
    const { bytes, packed } = segmentOf(sealedRecords(2));
    const was = decodeSegment(bytes);
    const undetected: number[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x01;
      const code = refusal(() => {
        const { entries, trailer } = decodeSegment(changed);
        const same = entries.every((entry, i) => entry.equals(was.entries[i]!));
        if (same && canonical(trailer) === canonical(was.trailer)) undetected.push(at);
      });
      if (at < packed.packets.length && code !== "corrupt") undetected.push(at);
    }

    expect(undetected).toEqual([]);
  });

  it("is refused when cut short anywhere", () => {
    const { bytes } = segmentOf(sealedRecords(2));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeSegment(bytes.subarray(0, length))).toThrow(ArchiveError);
    }
  });

  it.each<[string, (trailer: SegmentTrailer) => object]>([
    ["another count", (t) => ({ ...t, count: t.count + 1, size: t.size + 1 })],
    ["a size that does not follow", (t) => ({ ...t, size: t.size + 1 })],
    ["lengths that do not add up", (t) => ({ ...t, packetsLen: t.packetsLen + 1 })],
    [
      "a border between packets and leaves that is elsewhere",
      (t) => ({ ...t, packetsLen: t.packetsLen - 1, leavesLen: t.leavesLen + 1 }),
    ],
    ["a length beyond its end", (t) => ({ ...t, packetsLen: Number.MAX_SAFE_INTEGER })],
    ["a negative length", (t) => ({ ...t, leavesLen: -1 })],
    ["another version", (t) => ({ ...t, v: 2 })],
    ["something more", (t) => ({ ...t, more: 1 })],
  ])("is refused with %s", (_, change) => {
    expect(() => decodeSegment(retrailed(segmentOf().bytes, change))).toThrow(ArchiveError);
  });

  it("is refused with a trailer longer than itself", () => {
    const bytes = Buffer.from(segmentOf().bytes);
    bytes.writeUInt32BE(0xffff_ffff, bytes.length - 12);

    expect(refusal(() => decodeSegment(bytes))).toBe("malformed");
  });

  it("is refused with the leaves of another", () => {
    const [a, b] = [segmentOf(), segmentOf()];
    const mixed = encodeSegment(a.packed.packets, b.packed.leaves, { ...about, size: 10 });

    expect(refusal(() => decodeSegment(mixed))).toBe("corrupt");
  });

  it("is refused with its leaves in another order", () => {
    const { packed } = segmentOf();
    const mixed = encodeSegment(packed.packets, packed.leaves.toReversed(), { ...about, size: 10 });

    expect(refusal(() => decodeSegment(mixed))).toBe("corrupt");
  });

  it("of any bytes is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(() => decodeSegment(bytes)).toThrow(ArchiveError);
        expect(() => decodeSegment(Buffer.concat([bytes, Buffer.from("DAYBOOK1")]))).toThrow(ArchiveError);
      }),
    );
  });
});

describe("a segment's name", () => {
  const seg = "ab".repeat(32);

  it("tells shard, first index and digest, and sorts by index", () => {
    expect(segmentKey("3", 42, seg)).toBe(`log/3/segment/000000000042-${seg}`);
    expect(keyBlockKey("audit", 42, seg)).toBe(`keyring/audit/000000000042-${seg}`);
    expect(parseSegmentName(segmentKey("3", 42, seg))).toEqual({ shard: "3", first: 42, seg });
    expect(parseSegmentName(keyBlockKey("audit", 42, seg))).toEqual({ shard: "audit", first: 42, seg });
    expect(segmentKey("3", 999, seg) < segmentKey("3", 1_000, seg)).toBe(true);
  });

  it.each([
    `log/3/segment/42-${seg}`,
    `log/3/000000000042-${seg}`,
    `log/3/4/segment/000000000042-${seg}`,
    `log/3/segment/000000000042-${seg}0`,
    "log/3/head",
    "",
  ])("is not %s", (key) => {
    expect(parseSegmentName(key)).toBeUndefined();
  });
});
