import { collect } from "@daybook/stream/testing";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { removeTemporary, segments, temporary } from "./temporary.ts";

const partitions = { events: 1 };

let dir: string;
let stream: FileStream;

/** Ten files of two messages each; the last of them is the active one. */
beforeEach(async () => {
  dir = await temporary();
  stream = await openFileStream({ dir, partitions, segmentBytes: 200 });
  for (let i = 0; i < 20; i += 1) await stream.send("events", 0, [Buffer.alloc(92, i)]);
});
afterEach(async () => {
  await stream.close();
  await removeTemporary();
});

describe("trim", () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 2],
    [3, 2],
    [17, 16],
    [18, 18],
    [20, 18],
    [1_000, 18],
    [-5, 0],
  ])(
    "before %i removes whole files only, so that the first is %i, never the active one",
    async (before, expected) => {
      await stream.trim("events", 0, before);

      expect(await stream.range("events", 0)).toEqual({ first: expected, next: 20 });
      expect(await segments(dir, "events-0")).toHaveLength(10 - expected / 2);
    },
  );

  it("stays done when the stream is opened again", async () => {
    await stream.trim("events", 0, 10);
    await stream.close();
    stream = await openFileStream({ dir, partitions, segmentBytes: 200 });

    expect(await stream.range("events", 0)).toEqual({ first: 10, next: 20 });
    expect((await collect(stream, "events", 0, 10, 10)).map(({ payload }) => payload[0])).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
  });

  it("may be asked for many times at once, while messages arrive", async () => {
    const sends = Array.from({ length: 50 }, (_, i) => stream.send("events", 0, [Buffer.alloc(92, i)]));
    await Promise.all([2, 18, 9, 4, 12].map((before) => stream.trim("events", 0, before)));
    await Promise.all(sends);

    expect(await stream.range("events", 0)).toEqual({ first: 18, next: 70 });
    expect(await collect(stream, "events", 0, 18, 52)).toHaveLength(52);
  });

  it("does not disturb a reader past it, and refuses one that it overtook", async () => {
    const read = (from: number) =>
      stream
        .read("events", 0, from, { maxMessages: 1, maxBytes: 1 }, new AbortController().signal)
        [Symbol.asyncIterator]();
    const [ahead, behind] = [read(10), read(0)];
    expect((await ahead.next()).value).toMatchObject([{ offset: 10 }]);
    expect((await behind.next()).value).toMatchObject([{ offset: 0 }]);
    await stream.trim("events", 0, 10);

    for (let offset = 11; offset < 20; offset += 1) {
      expect((await ahead.next()).value).toMatchObject([{ offset }]);
    }
    await expect(behind.next()).rejects.toMatchObject({ code: "out-of-range" });
    await ahead.return?.();
  });
});
