import { hash } from "node:crypto";
import { type MutableStore, parseSegmentName } from "@daybook/archive-core";
import type { Pass } from "./pass.ts";
import { stretches } from "./stretches.ts";

const KEYRING = "keyring/";
const PREFIX = "keyring-snapshot/";
const NAME = /^keyring-snapshot\/\d{4}-\d\d-\d\d\/(([^/]+\/\d{12}-[0-9a-f]{64})\.[0-9a-f]{16})$/;

/**
 * Copies of key blocks, `keyring-snapshot/<date>/<shard>/<first index>-<segment digest>.<start of the block's digest>`,
 * under a lock: what is wiped by mistake or malice can be brought back from them for as long. A block that is as it
 * was is not copied again: the lock of its copy is lengthened. One that was written anew (a disposal) is copied anew,
 * and the copy of the old lapses.
 */
export async function takeSnapshots(pass: Pass, signal: AbortSignal): Promise<void> {
  const { snapshots, namesInMemory } = pass.options;
  for await (const blocks of stretches(blocksOf(snapshots.keyring), namesInMemory)) {
    if (blocks.length === 0) continue;
    const copies = await copiesOf(pass, new Set(blocks));
    for (const block of blocks) {
      signal.throwIfAborted();
      await takeSnapshot(pass, block, copies);
    }
  }
}

/** `<shard>/<first index>-<segment digest>` of each key block. */
async function* blocksOf(keyring: Pick<MutableStore, "list">): AsyncGenerator<string> {
  for await (const key of keyring.list(KEYRING)) if (parseSegmentName(key)) yield key.slice(KEYRING.length);
}

/** The newest copy of each state of these blocks. */
async function copiesOf(pass: Pass, blocks: ReadonlySet<string>): Promise<Map<string, string>> {
  const copies = new Map<string, string>();
  for await (const key of pass.options.objects.list(PREFIX)) {
    const [, name, block] = NAME.exec(key) ?? [];
    // By date: the newest is kept.
    if (name !== undefined && block !== undefined && blocks.has(block)) copies.set(name, key);
  }
  return copies;
}

async function takeSnapshot(pass: Pass, block: string, copies: ReadonlyMap<string, string>): Promise<void> {
  const { objects, snapshots, extender } = pass.options;
  const stored = await snapshots.keyring.read(KEYRING + block);
  if (!stored) return;
  const retainUntil = pass.inDays(snapshots.days);
  const sha256 = hash("sha256", stored.body);
  const name = `${block}.${sha256.slice(0, 16)}`;
  const copy = copies.get(name);
  if (copy !== undefined && (await objects.stat(copy))) {
    await extender.extend(copy, retainUntil);
    pass.report.kept += 1;
    return;
  }
  const date = pass.now.toISOString().slice(0, 10);
  await snapshots.writer.put({ key: `${PREFIX}${date}/${name}`, body: stored.body, retainUntil, sha256 });
  pass.report.copied += 1;
}

/** Removes copies whose lock has lapsed. */
export async function expireSnapshots(pass: Pass): Promise<void> {
  const { objects } = pass.options;
  for await (const key of objects.list(PREFIX)) await pass.expire(key, await objects.stat(key), "snapshots");
}
