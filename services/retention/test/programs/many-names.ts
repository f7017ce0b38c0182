import { hash } from "node:crypto";
import {
  checkpointSigner,
  encodeBundle,
  encodeHead,
  encodeLeaf,
  headKey,
  keyBlockKey,
  type LockedObject,
  type MutableStore,
  segmentKey,
  TILE_WIDTH,
} from "@daybook/archive-core";
import { createLogger } from "@daybook/runtime";
import { PassThrough } from "node:stream";
import { retainOnce } from "../../src/index.ts";

// A pass over so many segments of a record each, with their keys, copies of the keys and attachments, none of which is
// in memory: `many-names.ts COUNT NAMES-IN-MEMORY`. Prints the report.
const [count = 0, namesInMemory = 0] = process.argv.slice(2).map(Number);
const DAY_MS = 86_400_000;
const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));
const now = new Date("2026-03-04T15:04:05.000Z");
const BLOCK = Buffer.from("keys");
const BLOCK_DIGEST = hash("sha256", BLOCK).slice(0, 16);
const seg = (index: number) => hash("sha256", `segment ${index}`);
/** In byte order. */
const sealed = (index: number) => index.toString(16).padStart(8, "0").padEnd(64, "0");
const block = (index: number) => keyBlockKey("0", index, seg(index));

const head = encodeHead({
  v: 1,
  shard: "0",
  checkpoint: signer.sign(count, Buffer.alloc(32)),
  edge: [],
  segment: segmentKey("0", count - 1, seg(count - 1)),
  previousSize: count - 1,
  stream: { id: "s", partition: 0, offset: count },
});

async function* names(name: (index: number) => string): AsyncGenerator<string, void, undefined> {
  for (let index = 0; index < count; index += 1) yield name(index);
}

async function* none(): AsyncGenerator<never, void, undefined> {}

function list(prefix: string): AsyncIterable<string> {
  if (prefix === "log/0/segment/") return names((index) => segmentKey("0", index, seg(index)));
  if (prefix === "keyring/" || prefix === "keyring/0/") return names(block);
  if (prefix === "attachment/") return names((index) => `attachment/${sealed(index)}`);
  if (prefix !== "keyring-snapshot/") return none();
  return names((index) => `keyring-snapshot/2026-03-01/0/${block(index).slice(10)}.${BLOCK_DIGEST}`);
}

function bundle(index: number): Buffer {
  const leaves = Array.from({ length: TILE_WIDTH }, (_, i) =>
    encodeLeaf({
      v: 1,
      id: "ab".repeat(16),
      ct: "cd".repeat(32),
      rec: "ef".repeat(32),
      seg: seg(index * TILE_WIDTH + i),
      off: 0,
      len: 1,
      t: 1,
    }),
  );
  return encodeBundle(leaves);
}

const locked = (days: number): LockedObject => ({
  sizeBytes: 1,
  retainUntil: new Date(now.getTime() + days * DAY_MS),
  legalHold: false,
});
const keyring: Pick<MutableStore, "list" | "read" | "remove"> = {
  list,
  read: () => Promise.resolve({ body: BLOCK, tag: "" }),
  remove: () => Promise.reject(new Error("nothing is to be swept")),
};

const report = await retainOnce(
  {
    shards: [{ shard: "0", vkey: signer.vkey }],
    objects: {
      list,
      // Each attachment is to be decided of.
      stat: (key) => Promise.resolve(locked(key.startsWith("attachment/") ? 210 : 300)),
      get: (key) => {
        const path = /^log\/0\/tile\/entries\/((?:x\d{3}\/)*\d{3})$/.exec(key)?.[1] ?? "";
        return Promise.resolve(bundle(Number(path.replaceAll(/[x/]/g, ""))));
      },
    },
    heads: {
      read: (key) => Promise.resolve(key === headKey("0") ? { body: head, tag: "" } : undefined),
      list: none,
    },
    extender: { extend: () => Promise.resolve(), setLegalHold: () => Promise.resolve() },
    expirer: { remove: () => Promise.reject(new Error("nothing is to be removed")) },
    sweeper: { heads: keyring, keyrings: [keyring, keyring] },
    snapshots: { keyring, writer: { put: () => Promise.resolve({ created: true }) }, days: 34 },
    facts: {
      disposed: none,
      heldSegments: none,
      async *claimed() {
        for (let index = 0; index < count; index += 1) yield { sealed: sealed(index), held: false };
      },
      archived: () => Promise.resolve(),
    },
    lockDays: 400,
    extendBelowDays: 220,
    minLockDays: 200,
    graceDays: 30,
    namesInMemory,
    log: createLogger("retention", "fatal", { stream: new PassThrough() }),
    now: () => now,
  },
  new AbortController().signal,
);
console.log(JSON.stringify(report));
