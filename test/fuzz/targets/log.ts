import {
  ArchiveError,
  canonical,
  checkpointSigner,
  decodeBundle,
  decodeHead,
  decodeLeaf,
  decodeProof,
  decodeSegment,
  decodeTile,
  encodeBundle,
  encodeHead,
  encodeLeaf,
  encodeProof,
  encodeSegment,
  openCheckpoint,
  packRecords,
  parseCanonical,
  parseVkey,
  readCheckpoint,
} from "@daybook/archive-core";
import { newSessionKey, sealPacket } from "@daybook/openpgp";
import { type Fuzzed, holds, only, type Target } from "../target.ts";

const signer = checkpointSigner("fuzz/0", Buffer.alloc(32, 7));
const root = Buffer.alloc(32, 9);
const note = signer.sign(3, root);
const digest = "ab".repeat(32);

function segment(records: number): { bytes: Buffer; leaves: Buffer[] } {
  const key = newSessionKey();
  const { packets, leaves, seg } = packRecords(
    Array.from({ length: records }, (_, i) => ({
      id: i.toString(16).padStart(32, "0"),
      rec: digest,
      packet: sealPacket(Buffer.from(`record ${i}`), key),
    })),
    1_772_000_000_000,
  );
  const about = { shard: "0", first: 0, previous: null, size: records, root: seg };
  return { bytes: encodeSegment(packets, leaves, about), leaves };
}

const target = (name: string, samples: readonly Buffer[], read: Fuzzed["read"]): Target => ({
  name,
  prepare: () => Promise.resolve({ samples, read, declared: only(ArchiveError) }),
});

const text = (bytes: Buffer) => bytes.toString("utf8");
/** Whether bytes that were read are written the same. */
const same = (written: string | Uint8Array, bytes: Buffer) =>
  holds(Buffer.from(written).equals(bytes), "what is read is written the same");
const sample = segment(5);

export const logTargets: readonly Target[] = [
  target("segment", [sample.bytes, segment(1).bytes], (bytes) => {
    const decoded = decodeSegment(bytes);
    for (const [i, { len }] of decoded.leaves.entries())
      holds(decoded.packet(i).length === len, "a packet is whole");
  }),
  target("leaf", sample.leaves, (bytes) => same(encodeLeaf(decodeLeaf(bytes)), bytes)),
  target("bundle", [encodeBundle(sample.leaves)], (bytes) => same(encodeBundle(decodeBundle(bytes)), bytes)),
  target("tile", [root, Buffer.alloc(32 * 256, 1)], (bytes) => same(Buffer.concat(decodeTile(bytes)), bytes)),
  target(
    "head",
    [
      encodeHead({
        v: 1,
        shard: "0",
        checkpoint: note,
        edge: [root.toString("base64")],
        segment: `log/0/segment/000000000000-${digest}`,
        previousSize: 0,
        stream: { id: "s", partition: 0, offset: 3 },
      }),
    ],
    (bytes) => {
      decodeHead(bytes);
    },
  ),
  target("checkpoint", [Buffer.from(note), Buffer.from(signer.sign(0, root))], (bytes) => {
    readCheckpoint(text(bytes));
    const opened = openCheckpoint(text(bytes), parseVkey(signer.vkey));
    holds(opened.root.equals(root), "only what was signed is opened");
  }),
  target("verifier-key", [Buffer.from(signer.vkey)], (bytes) => {
    parseVkey(text(bytes));
  }),
  target(
    "proof",
    [Buffer.from(encodeProof({ index: 2, hashes: [root, Buffer.alloc(32, 1)], checkpoint: note }))],
    (bytes) => holds(encodeProof(decodeProof(text(bytes))) === text(bytes), "a proof is written the same"),
  ),
  target(
    "canonical-json",
    ['{"a":[1,2.5,-0.001,true,null],"é":"\\n\\u0001"}', "[[[[]]]]", canonical({ b: { c: "渡" } })].map(
      (json) => Buffer.from(json),
    ),
    (bytes) => holds(canonical(parseCanonical(text(bytes))) === text(bytes), "canonical is canonical"),
  ),
];
