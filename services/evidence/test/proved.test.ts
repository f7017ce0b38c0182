import { hash } from "node:crypto";
import {
  checkpointSigner,
  decodeProof,
  leafHash,
  openCheckpoint,
  parseVkey,
  rootFromInclusion,
  type SealedRecord,
  ShardLog,
} from "@daybook/archive-core";
import { type MemoryStores, memoryStores } from "@daybook/archive-core/testing";
import { holdShard, type ProvedShard } from "../src/proved.ts";

const SHARD = "0";
const NOW = new Date("2026-03-04T15:04:05.000Z");
const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));

function idAt(index: number): string {
  return hash("sha256", `id ${index}`).slice(0, 32);
}

function sealedAt(index: number): SealedRecord {
  return {
    id: idAt(index),
    rec: hash("sha256", `record ${index}`),
    packet: Buffer.from(`packet ${index}`),
  };
}

function openLog(stores: MemoryStores): Promise<ShardLog> {
  return ShardLog.open({ shard: SHARD, signer, stores, lockDays: 400, now: () => NOW });
}

/** Commits records as one segment until the log has `size`. */
async function growTo(log: ShardLog, size: number): Promise<void> {
  const records = Array.from({ length: size - log.size }, (_, at) => sealedAt(log.size + at));
  const draft = log.draft(records);
  await log.commit(draft, Buffer.from("keys"), { id: "stream-1", partition: 0, offset: size });
}

async function held(stores: MemoryStores): Promise<ProvedShard> {
  const shard = await holdShard(stores, SHARD, signer.vkey);
  if (!shard) throw new Error("nothing is logged");
  return shard;
}

/** Judges a proof as an auditor does: by the verifier key and what is in the proof alone. */
async function expectProved(shard: ProvedShard, index: number, size: number): Promise<void> {
  const { leaf, proof } = await shard.prove(index);
  const decoded = decodeProof(proof);
  const checkpoint = openCheckpoint(decoded.checkpoint, parseVkey(signer.vkey));
  expect(checkpoint.size).toBe(size);
  expect(decoded.index).toBe(index);
  expect(rootFromInclusion(leafHash(leaf), index, size, decoded.hashes)).toEqual(checkpoint.root);
  expect(leaf.toString()).toContain(idAt(index));
}

describe("A held shard", () => {
  let stores: MemoryStores;
  let log: ShardLog;
  beforeEach(async () => {
    stores = memoryStores();
    log = await openLog(stores);
  });

  it("is undefined where nothing is logged yet", async () => {
    expect(await holdShard(stores, SHARD, signer.vkey)).toBeUndefined();
  });

  it("says the checkpoint that it is held at", async () => {
    await growTo(log, 3);
    const shard = await held(stores);
    expect(shard).toMatchObject({ shard: SHARD, origin: "dept.example/0", vkey: signer.vkey, size: 3 });
    expect(openCheckpoint(shard.note, parseVkey(signer.vkey)).root).toEqual(shard.root);
  });

  it.each([1, 2, 255, 256, 257, 600])("proves records of a log of %i to its checkpoint", async (size) => {
    await growTo(log, size);
    const shard = await held(stores);
    const indexes = [0, 1, 254, 255, 256, 511, 512, size - 1].filter((index) => index < size);
    for (const index of indexes) await expectProved(shard, index, size);
  });

  it("proves every record of a log, in order and out of it, near or not", async () => {
    await growTo(log, 600);
    const shard = await held(stores);
    expect(shard.proveNear(0)).toBeUndefined();
    for (let index = 0; index < 600; index += 1) await expectProved(shard, index, 600);
    for (let index = 599; index >= 0; index -= 97) await expectProved(shard, index, 600);
    await shard.prove(300);
    for (let index = 0; index < 601; index += 1) {
      const near = shard.proveNear(index);
      expect(near !== undefined).toBe(index >= 256 && index < 512);
      if (near) expect(near).toEqual(await shard.prove(index));
    }
  });

  it("refuses a checkpoint that another key signed", async () => {
    await growTo(log, 3);
    const other = checkpointSigner("dept.example/0", Buffer.alloc(32, 2));
    await expect(holdShard(stores, SHARD, other.vkey)).rejects.toMatchObject({ code: "corrupt" });
  });

  it.each([3, 4, 255, 256, 100_000])("refuses index %i of a log of three", async (index) => {
    await growTo(log, 3);
    const shard = await held(stores);
    await expect(shard.prove(index)).rejects.toThrow();
  });

  it("refuses the next index as not under the checkpoint, also once the log has grown over it", async () => {
    await growTo(log, 3);
    const shard = await held(stores);
    await growTo(log, 5);
    await growTo(log, 7);
    await growTo(log, 9);
    await expect(shard.prove(3)).rejects.toMatchObject({ name: "EvidenceError", code: "unavailable" });
  });

  it.each([
    ["wider partial tiles", [310, 320, 330]],
    ["full tiles", [400, 600, 800]],
  ])("still proves to its own checkpoint after %s took the place of its own", async (_, sizes) => {
    await growTo(log, 300);
    const shard = await held(stores);
    for (const size of sizes) await growTo(log, size);
    expect(await stores.heads.read(`log/${SHARD}/tile/0/001.p/44`)).toBeUndefined();
    for (const index of [0, 255, 256, 299]) await expectProved(shard, index, 300);
  });
});
