import { randomBytes } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { collect } from "@daybook/stream/testing";
import fc from "fast-check";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { encodeGroup } from "../src/file/frame.ts";
import { afterCrash, removeTemporary, segments, temporary } from "./temporary.ts";
import { systemError, TestDisk } from "./test-disk.ts";

const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(1_200));
const sizes = fc.array(size, { minLength: 1, maxLength: 4 });
const partition = fc.integer({ min: 0, max: 1 });
const does = <Name extends string>(name: Name) => fc.constant(name);

const step = fc.oneof(
  fc.record({ does: does("send"), partition, sends: fc.array(sizes, { minLength: 1, maxLength: 4 }) }),
  fc.record({ does: does("send without room"), partition, sizes, room: fc.nat(400) }),
  fc.record({ does: does("send to a failing disk"), partition, sizes }),
  fc.record({
    does: does("read"),
    partition,
    from: fc.nat(60),
    maxMessages: fc.integer({ min: 1, max: 5 }),
    maxBytes: fc.integer({ min: 1, max: 1_000 }),
  }),
  fc.record({ does: does("trim"), partition, before: fc.nat(60) }),
  fc.record({ does: does("reopen") }),
  fc.record({ does: does("crash"), partition, torn: sizes, cut: fc.integer({ min: 1, max: 3_000 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The stream, and beside it what it must hold. */
class Model {
  readonly disk = new TestDisk();
  readonly kept: Buffer[][] = [[], []];
  readonly firsts = [0, 0];
  dir = "";
  stream!: FileStream;

  async open(): Promise<void> {
    this.stream = await openFileStream(
      { dir: this.dir, partitions: { events: 2 }, segmentBytes: 500 },
      this.disk,
    );
  }

  async take(step: Step): Promise<void> {
    switch (step.does) {
      case "send": {
        const sends = step.sends.map(payloads);
        const offsets = await Promise.all(
          sends.map((send) => this.stream.send("events", step.partition, send)),
        );
        for (const [i, send] of sends.entries()) {
          expect(offsets[i]).toBe(this.kept[step.partition]!.length);
          this.kept[step.partition]!.push(...send);
        }
        return;
      }
      case "send without room":
        this.disk.hooks.writePart = { bytes: step.room, error: systemError("ENOSPC") };
        await expect(this.stream.send("events", step.partition, payloads(step.sizes))).rejects.toMatchObject({
          code: "full",
        });
        this.disk.hooks = {};
        return;
      case "send to a failing disk":
        this.disk.hooks.datasync = () => Promise.reject(systemError("EIO"));
        await expect(this.stream.send("events", step.partition, payloads(step.sizes))).rejects.toMatchObject({
          code: "unavailable",
        });
        this.disk.hooks = {};
        await this.stream.close();
        return this.open();
      case "read":
        return this.#read(step);
      case "trim": {
        await this.stream.trim("events", step.partition, step.before);
        const { first } = await this.stream.range("events", step.partition);
        expect(first).toBeGreaterThanOrEqual(this.firsts[step.partition]!);
        expect(first).toBeLessThanOrEqual(Math.max(this.firsts[step.partition]!, step.before));
        this.firsts[step.partition] = first;
        return;
      }
      case "reopen":
        await this.stream.close();
        return this.open();
      case "crash": {
        const before = this.stream;
        this.dir = await afterCrash(this.dir);
        await before.close();
        // A group that was being written: its whole frames may stay, the torn one goes.
        const kept = this.kept[step.partition]!;
        const torn = payloads(step.torn);
        const group = encodeGroup(torn, kept.length);
        const left = group.subarray(0, Math.max(0, group.length - step.cut));
        await appendFile((await segments(this.dir, `events-${step.partition}`)).at(-1)!, left);
        let bytes = 0;
        kept.push(...torn.filter((payload) => (bytes += 8 + payload.length) <= left.length));
        return this.open();
      }
    }
  }

  async #read(step: Extract<Step, { does: "read" }>): Promise<void> {
    const kept = this.kept[step.partition]!;
    const first = this.firsts[step.partition]!;
    if (step.from < first || step.from > kept.length) {
      const reading = collect(this.stream, "events", step.partition, step.from, 1);
      await expect(reading).rejects.toMatchObject({ code: "out-of-range" });
      return;
    }
    const expected = kept.slice(step.from);
    const messages: { offset: number; payload: Uint8Array }[] = [];
    if (expected.length === 0) return;
    for await (const batch of this.stream.read(
      "events",
      step.partition,
      step.from,
      step,
      new AbortController().signal,
    )) {
      expect(batch.length).toBeLessThanOrEqual(step.maxMessages);
      const bytes = batch.reduce((sum, { payload }) => sum + payload.length, 0);
      if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(step.maxBytes);
      messages.push(...batch);
      if (messages.length >= expected.length) break;
    }
    expect(messages.map(({ offset }) => offset)).toEqual(expected.map((_, i) => step.from + i));
    expect(messages.map(({ payload }) => Buffer.from(payload).toString("hex"))).toEqual(
      expected.map((payload) => payload.toString("hex")),
    );
  }

  async check(): Promise<void> {
    for (const partition of [0, 1]) {
      expect(await this.stream.range("events", partition)).toEqual({
        first: this.firsts[partition],
        next: this.kept[partition]!.length,
      });
    }
  }
}

function payloads(lengths: readonly number[]): Buffer[] {
  return lengths.map((length) => randomBytes(length));
}

describe("whatever is done to it, in any order, a stream", () => {
  it("holds what was acknowledged, at its offsets, and nothing that was refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const model = new Model();
        model.dir = await temporary();
        await model.open();
        try {
          for (const next of steps) {
            await model.take(next);
            await model.check();
          }
          for (const partition of [0, 1]) {
            const from = model.firsts[partition]!;
            await model.take({ does: "read", partition, from, maxMessages: 1_000, maxBytes: 1_000_000 });
          }
        } finally {
          await model.stream.close();
          await removeTemporary();
        }
      }),
      { numRuns: 40 },
    );
  });
});
