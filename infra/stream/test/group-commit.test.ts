import { setImmediate } from "node:timers/promises";
import { collect } from "@daybook/stream/testing";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { removeTemporary, segments, temporary } from "./temporary.ts";
import { TestDisk } from "./test-disk.ts";

let disk: TestDisk;
let stream: FileStream;
let dir: string;

beforeEach(async () => {
  disk = new TestDisk();
  dir = await temporary();
  stream = await openFileStream(
    { dir, partitions: { events: 1 }, segmentBytes: 1_000, queueBytes: 1_000 },
    disk,
  );
});
afterEach(async () => {
  disk.hooks = {};
  await stream.close();
  await removeTemporary();
});

const bytes = (...values: number[]) => values.map((value) => Buffer.alloc(20, value));

/** Holds every fdatasync until it is let go. */
function holdDatasync(): { reached: Promise<null>; letGo: () => void } {
  const reached = Promise.withResolvers<null>();
  const gate = Promise.withResolvers<null>();
  disk.hooks.datasync = async () => {
    reached.resolve(null);
    await gate.promise;
  };
  return { reached: reached.promise, letGo: () => gate.resolve(null) };
}

/** Enough turns of the event loop for anything that does not wait for the disk. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await setImmediate();
}

describe("a send", () => {
  it("is answered, and shown to readers, only when its fdatasync has returned", async () => {
    const { reached, letGo } = holdDatasync();
    let answered = false;
    const sending = stream.send("events", 0, bytes(1)).then((offset) => {
      answered = true;
      return offset;
    });
    let read = false;
    const reading = collect(stream, "events", 0, 0, 1).then((messages) => {
      read = true;
      return messages;
    });
    await reached;
    await turns();
    expect([answered, read, await stream.range("events", 0)]).toEqual([false, false, { first: 0, next: 0 }]);

    letGo();
    expect(await sending).toBe(0);
    expect(await reading).toHaveLength(1);
  });

  it("shares one write and one fdatasync with all that came in the same turn", async () => {
    const before = { ...disk.counts };
    const offsets = await Promise.all([1, 2, 3, 4, 5].map((value) => stream.send("events", 0, bytes(value))));

    expect(offsets).toEqual([0, 1, 2, 3, 4]);
    expect(disk.counts.write - before.write).toBe(1);
    expect(disk.counts.datasync - before.datasync).toBe(1);
  });

  it("shares the next fdatasync with all that came while one ran", async () => {
    const { reached, letGo } = holdDatasync();
    const first = stream.send("events", 0, bytes(0));
    await reached;
    const later = Array.from({ length: 9 }, (_, i) => stream.send("events", 0, bytes(i + 1)));
    await turns();
    const before = { ...disk.counts };
    letGo();

    expect(await Promise.all([first, ...later])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(disk.counts.datasync - before.datasync).toBe(1);
  });

  it("is refused while too much waits, and taken again when the disk has caught up", async () => {
    const { reached, letGo } = holdDatasync();
    const first = stream.send("events", 0, [Buffer.alloc(900)]);
    await reached;
    const waiting = stream.send("events", 0, [Buffer.alloc(900)]);
    await expect(stream.send("events", 0, [Buffer.alloc(900)])).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });

    letGo();
    expect(await Promise.all([first, waiting])).toEqual([0, 1]);
    expect(await stream.send("events", 0, [Buffer.alloc(900)])).toBe(2);
  });

  it("may alone be larger than what may wait", async () => {
    expect(await stream.send("events", 0, [Buffer.alloc(5_000), Buffer.alloc(5_000)])).toBe(0);
  });

  it("may carry 4 MiB a payload, and no more, nor nothing", async () => {
    await expect(stream.send("events", 0, [Buffer.alloc(4 * 1024 * 1024 + 1)])).rejects.toThrow(RangeError);
    await expect(stream.send("events", 0, [Buffer.alloc(1), Buffer.alloc(0)])).rejects.toThrow(RangeError);
    const payload = Buffer.alloc(4 * 1024 * 1024, 7);

    expect(await stream.send("events", 0, [payload, payload])).toBe(0);
    const read = await collect(stream, "events", 0, 0, 2);
    expect(read.map((message) => payload.equals(message.payload))).toEqual([true, true]);
  });

  it("of nothing is answered with the offset that the next gets", async () => {
    await stream.send("events", 0, bytes(1, 2));

    expect(await stream.send("events", 0, [])).toBe(2);
  });

  it("is refused for a partition that was not opened", async () => {
    for (const [topic, partition] of [
      ["events", 1],
      ["events", -1],
      ["events", 0.5],
      ["other", 0],
      ["../events", 0],
    ] as const) {
      await expect(stream.send(topic, partition, bytes(1))).rejects.toThrow(RangeError);
      await expect(stream.range(topic, partition)).rejects.toThrow(RangeError);
    }
  });

  it("is finished by a close that comes while it waits", async () => {
    const { reached, letGo } = holdDatasync();
    const sends = [stream.send("events", 0, bytes(1)), stream.send("events", 0, bytes(2))];
    await reached;
    sends.push(stream.send("events", 0, bytes(3)));
    const closing = stream.close();
    await expect(stream.send("events", 0, bytes(4))).rejects.toMatchObject({ code: "closed" });
    letGo();

    expect(await Promise.all(sends)).toEqual([0, 1, 2]);
    await closing;
  });
});

describe("a file", () => {
  it("is followed by a new one, durable by name, once it has its size", async () => {
    const before = disk.counts.syncDirectory;
    for (let i = 0; i < 10; i += 1) await stream.send("events", 0, [Buffer.alloc(492, i)]);

    const names = (await segments(dir, "events-0")).map((path) => path.split("/").at(-1));
    expect(names).toEqual([0, 2, 4, 6, 8].map((base) => `${String(base).padStart(20, "0")}.log`));
    expect(disk.counts.syncDirectory - before).toBe(4);
  });
});

describe("a reader", () => {
  it("ends with `closed` when the stream is closed under it", async () => {
    const ended = expect(collect(stream, "events", 0, 0, 1)).rejects.toMatchObject({ code: "closed" });
    await turns();
    await stream.close();

    await ended;
  });

  it.each([-1, 0.5, NaN, Infinity, 1])("is refused offset %p of an empty partition", async (from) => {
    await expect(collect(stream, "events", 0, from, 1)).rejects.toMatchObject({ code: "out-of-range" });
  });
});
