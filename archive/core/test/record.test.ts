import fc from "fast-check";
import { createSecretKey } from "node:crypto";
import type { Event } from "@daybook/contract";
import {
  ArchiveError,
  canonical,
  decodeLeaf,
  encodeLeaf,
  encodeRecord,
  type Leaf,
  MAX_LEAF_BYTES,
  parseCanonical,
  record,
  recordId,
} from "../src/index.ts";

const event: Event = {
  v: 1,
  kind: "message",
  network: "signal",
  method: "linked-device",
  provenance: "captured",
  account: "acct-1",
  capturedAt: "2026-03-04T15:04:05.000Z",
  text: "figures, please",
  raw: "",
  connector: { name: "test", version: "1" },
};
const of = { network: "signal", account: "acct-1", eventId: "e1", stableDigest: "ab".repeat(32) };
const keyOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const key = keyOf(3);

describe("a record's id", () => {
  it("is the same at every redelivery", () => {
    expect(recordId(key, of)).toBe(recordId(keyOf(3), { ...of }));
    expect(recordId(key, of)).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ["network", { ...of, network: "sms" }],
    ["account", { ...of, account: "acct-2" }],
    ["event id", { ...of, eventId: "e2" }],
    ["content", { ...of, stableDigest: "cd".repeat(32) }],
    ["border between its parts", { ...of, account: "acct-1e", eventId: "1" }],
  ])("is another with another %s", (_, other) => {
    expect(recordId(key, other)).not.toBe(recordId(key, of));
  });

  it("is another under another key", () => {
    expect(recordId(keyOf(4), of)).not.toBe(recordId(key, of));
  });
});

describe("a record", () => {
  it("is its event, an id and a salt that is never the same, as canonical JSON", () => {
    const [one, two] = [encodeRecord("ab".repeat(16), event), encodeRecord("ab".repeat(16), event)];
    const { salt, ...rest } = record.parse(parseCanonical(one));

    expect(rest).toEqual({ ...event, id: "ab".repeat(16) });
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    expect(one).not.toBe(two);
    const salts = Array.from(
      { length: 1_000 },
      () => record.parse(parseCanonical(encodeRecord("ab".repeat(16), event))).salt,
    );
    expect(new Set(salts).size).toBe(1_000);
  });
});

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b).toString("hex"));
const leaf: fc.Arbitrary<Leaf> = fc.record({
  ct: digest,
  id: digest.map((d) => d.slice(0, 32)),
  len: fc.maxSafeNat().map((n) => Math.max(1, n)),
  off: fc.maxSafeNat(),
  rec: digest,
  seg: digest,
  t: fc.maxSafeNat(),
  v: fc.constant(1 as const),
});

describe("a leaf", () => {
  it("is canonical JSON under 400 bytes, whatever it says, and is read back", () => {
    fc.assert(
      fc.property(leaf, (one) => {
        const bytes = encodeLeaf(one);

        expect(bytes.toString()).toBe(canonical(one));
        expect(bytes.length).toBeLessThan(MAX_LEAF_BYTES);
        expect(decodeLeaf(bytes)).toEqual(one);
      }),
    );
  });

  it("is refused with anything more, less or other", () => {
    const [one] = fc.sample(leaf, 1);
    const text = encodeLeaf(one!).toString();
    for (const changed of [
      text.replace('"v":1', '"v":2'),
      text.replace("{", '{"a":1,'),
      text.replace(/"t":\d+,/, ""),
      text.replace(/"len":\d+/, '"len":0'),
      text.replace(/"off":\d+/, '"off":-1'),
      `${text} `,
      text.replace(one!.ct, one!.ct.toUpperCase().replace(/^\d*/, "A")),
      "{}",
      "",
      "x".repeat(400),
    ]) {
      expect(() => decodeLeaf(Buffer.from(changed))).toThrow(ArchiveError);
    }
  });
});
