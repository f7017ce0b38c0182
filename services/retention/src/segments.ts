import { keyBlockKey, parseSegmentName, segmentKey } from "@daybook/archive-core";
import { judge, type Segment } from "./judged.ts";
import { type LogView, openLogs } from "./log-view.ts";
import type { Pass } from "./pass.ts";
import { Roll, stretches } from "./stretches.ts";

/**
 * Every committed segment: locked while it holds a live record, on hold while one of them is held, and let go of when
 * none is left. Orphans of attempts that died are let go of when their lock has lapsed.
 */
export async function keepSegments(pass: Pass, signal: AbortSignal): Promise<void> {
  const { facts, objects, namesInMemory } = pass.options;
  for await (const stretch of stretches(everySegment(pass, signal), namesInMemory)) {
    const judged = await judge(facts, stretch);
    for (const segment of stretch) {
      signal.throwIfAborted();
      const { shard, first, seg, hasKeys } = segment;
      const key = segmentKey(shard, first, seg);
      const state = await objects.stat(key);
      const isHeld = judged.isHeld(segment);
      if (state) await pass.hold(key, state, isHeld);
      if (!judged.isDisposed(segment)) {
        await pass.keep(key, state);
        if (!hasKeys) pass.alert(keyBlockKey(shard, first, seg), "the session keys of live records are gone");
      } else if (!isHeld) await pass.expire(key, await objects.stat(key), "disposed");
    }
  }
}

/** The segments of every log, and whether each keyring has their keys. */
async function* everySegment(
  pass: Pass,
  signal: AbortSignal,
): AsyncGenerator<Segment & { readonly hasKeys: boolean }> {
  const { options } = pass;
  for await (const view of openLogs(options, signal)) {
    const { shard } = view;
    const rolls = options.sweeper.keyrings.map((keyring) => new Roll(keyring.list(`keyring/${shard}/`)));
    for await (const { first, end, seg } of committed(view, present(pass, view))) {
      const block = keyBlockKey(shard, first, seg);
      const there = await Promise.all(rolls.map((roll) => roll.has(block)));
      yield { shard, first, end, seg, hasKeys: !there.includes(false) };
    }
  }
}

/** Where the segments start whose objects are there, in order. Lets go of orphans on the way. */
async function* present(pass: Pass, view: LogView): AsyncGenerator<number, void, undefined> {
  const { objects } = pass.options;
  for await (const key of objects.list(`log/${view.shard}/segment/`)) {
    const name = parseSegmentName(key);
    if (!name || name.first >= view.size) continue;
    if (await view.names(name)) yield name.first;
    else if (await view.neverNames(name)) await pass.expire(key, await objects.stat(key), "orphans");
  }
}

/** The segments of the log, whether or not their objects are there. @param starts of those that are, ascending */
async function* committed(
  view: LogView,
  starts: AsyncGenerator<number, void, undefined>,
): AsyncGenerator<Omit<Segment, "shard">> {
  let start = await starts.next();
  for (let first = 0; first < view.size;) {
    while (start.done !== true && start.value <= first) start = await starts.next();
    const end = await view.endOf(first, start.done === true ? view.size : start.value);
    yield { first, end, seg: (await view.leaf(first)).seg };
    first = end;
  }
  while (start.done !== true) start = await starts.next();
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
