import { keyBlockKey, parseSegmentName, segmentKey } from "@daybook/archive-core";
import type { Disposed } from "./judged.ts";
import type { LogView } from "./log-view.ts";
import type { Pass } from "./pass.ts";

/** What is known of the records in the segments. */
export interface SegmentFacts {
  readonly disposed: Disposed;
  /** Digests of the segments that are held. */
  readonly held: ReadonlySet<string>;
}

/**
 * Every committed segment of a shard: locked while it holds a live record, on hold while one of them is held, and
 * let go of when none is left. Orphans of attempts that died are let go of when their lock has lapsed.
 */
export async function keepSegments(
  pass: Pass,
  view: LogView,
  { disposed, held }: SegmentFacts,
): Promise<void> {
  const { objects } = pass.options;
  const starts: number[] = [];
  for await (const key of objects.list(`log/${view.shard}/segment/`)) {
    const name = parseSegmentName(key);
    if (!name || name.first >= view.size) continue;
    if (await view.names(name)) starts.push(name.first);
    else if (await view.neverNames(name)) await pass.expire(key, await objects.stat(key), "orphans");
  }
  const blocks = await keyBlocks(pass, view);
  for await (const { first, end, seg } of committed(view, starts)) {
    const key = segmentKey(view.shard, first, seg);
    const state = await objects.stat(key);
    const isHeld = held.has(seg);
    if (state) await pass.hold(key, state, isHeld);
    if (disposed.within(view.shard, first, end) < end - first) {
      await pass.keep(key, state);
      const block = keyBlockKey(view.shard, first, seg);
      if (blocks.some((there) => !there.has(block)))
        pass.alert(block, "the session keys of live records are gone");
    } else if (!isHeld) await pass.expire(key, await objects.stat(key), "disposed");
  }
}

/** The segments of the log, whether or not their objects are there. @param starts of those that are, ascending */
async function* committed(
  view: LogView,
  starts: readonly number[],
): AsyncGenerator<{ first: number; end: number; seg: string }> {
  let next = 0;
  for (let first = 0; first < view.size;) {
    while ((starts[next] ?? view.size) <= first) next += 1;
    const end = await view.endOf(first, starts[next] ?? view.size);
    yield { first, end, seg: (await view.leaf(first)).seg };
    first = end;
  }
}

/** Per keyring, the names of its blocks. */
async function keyBlocks({ options }: Pass, view: LogView): Promise<ReadonlySet<string>[]> {
  const all: Set<string>[] = [];
  for (const keyring of options.sweeper.keyrings) {
    const there = new Set<string>();
    for await (const key of keyring.list(`keyring/${view.shard}/`)) there.add(key);
    all.push(there);
  }
  return all;
}

/** The log's own full tiles and bundles are needed for as long as there is a log. */
export async function keepTiles(pass: Pass, view: LogView): Promise<void> {
  const { objects } = pass.options;
  for await (const key of objects.list(`log/${view.shard}/tile/`))
    await pass.keep(key, await objects.stat(key));
}

/**
 * Destroys key blocks that can never commit: below the head's size, and named by no leaf, which is proved against
 * the signed root before a key goes.
 *
 * @throws {RetentionError} `log-unproven`
 */
export async function sweepKeyBlocks(pass: Pass, view: LogView): Promise<void> {
  for (const keyring of pass.options.sweeper.keyrings) {
    for await (const key of keyring.list(`keyring/${view.shard}/`)) {
      const name = parseSegmentName(key);
      if (!name || !(await view.neverNames(name))) continue;
      await keyring.remove(key);
      pass.report.swept += 1;
    }
  }
}

const PARTIAL = /^log\/[^/]+\/tile\/(entries|\d+)\/((?:x\d{3}\/)*\d{3})\.p\/(\d+)$/;

/** Removes partial tiles that a crash left behind when the tree had grown past them by two segments. */
export async function sweepPartialTiles(pass: Pass, view: LogView): Promise<void> {
  const { heads, sweeper } = pass.options;
  for await (const key of heads.list(`log/${view.shard}/tile/`)) {
    const [, level, number, width] = PARTIAL.exec(key) ?? [];
    if (level === undefined || number === undefined) continue;
    const span = 256 ** (level === "entries" ? 0 : Number(level));
    const end = (Number(number.replaceAll(/[x/]/g, "")) * 256 + Number(width)) * span;
    // It ends the tree of some size from `end` on, and below `end + span`.
    if (end + span > view.previousSize) continue;
    await sweeper.heads.remove(key);
    pass.report.swept += 1;
  }
}
