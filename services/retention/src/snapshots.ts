import { hash } from "node:crypto";
import { parseSegmentName } from "@daybook/archive-core";
import type { Pass } from "./pass.ts";

const PREFIX = "keyring-snapshot/";
const NAME = /^keyring-snapshot\/\d{4}-\d\d-\d\d\/([^/]+\/\d{12}-[0-9a-f]{64}\.[0-9a-f]{16})$/;

/**
 * Copies of key blocks, `keyring-snapshot/<date>/<shard>/<first index>-<segment digest>.<start of the block's digest>`,
 * under a lock: what is wiped by mistake or malice can be brought back from them for as long. A block that is as it
 * was is not copied again: the lock of its copy is lengthened. One that was written anew (a disposal) is copied anew,
 * and the copy of the old lapses.
 */
export async function takeSnapshots(pass: Pass): Promise<void> {
  const { objects, snapshots, extender } = pass.options;
  const copies = new Map<string, string>();
  for await (const key of objects.list(PREFIX)) {
    const name = NAME.exec(key)?.[1];
    // By date: the newest is kept.
    if (name !== undefined) copies.set(name, key);
  }
  const date = pass.now.toISOString().slice(0, 10);
  const retainUntil = pass.inDays(snapshots.days);
  for await (const key of snapshots.keyring.list("keyring/")) {
    const segment = parseSegmentName(key);
    const block = segment && (await snapshots.keyring.read(key));
    if (!block) continue;
    const digest = hash("sha256", block.body);
    const name = `${key.slice("keyring/".length)}.${digest.slice(0, 16)}`;
    const copy = copies.get(name);
    if (copy !== undefined && (await objects.stat(copy))) {
      await extender.extend(copy, retainUntil);
      pass.report.kept += 1;
      continue;
    }
    await snapshots.writer.put({
      key: `${PREFIX}${date}/${name}`,
      body: block.body,
      retainUntil,
      sha256: digest,
    });
    pass.report.copied += 1;
  }
}

/** Removes copies whose lock has lapsed. */
export async function expireSnapshots(pass: Pass): Promise<void> {
  const { objects } = pass.options;
  for await (const key of objects.list(PREFIX)) await pass.expire(key, await objects.stat(key), "snapshots");
}
