import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type FileStream, openFileStream, StreamError } from "@daybook/stream";
import { holds, only, type Target } from "../target.ts";

const partitions = { fuzz: 1 };
const MESSAGES = 40;
const payloadOf = (i: number) => Buffer.from(`message ${i} `.repeat(1 + (i % 9)));

/** Reads everything from the first message to the last. */
async function readAll(stream: FileStream): Promise<number> {
  const { first, next } = await stream.range("fuzz", 0);
  const ended = new AbortController();
  let read = 0;
  const limits = { maxMessages: 16, maxBytes: 65_536 };
  for await (const batch of next > first ? stream.read("fuzz", 0, first, limits, ended.signal) : []) {
    for (const { offset, payload } of batch) {
      holds(payloadOf(offset).equals(payload), "a message that is read is the one that was sent");
      read += 1;
    }
    if (read >= next - first) ended.abort();
  }
  return read;
}

/** Files of a stream's directory, which a target changes one of. */
const target = (name: string, wanted: RegExp, closed: boolean): Target => ({
  name,
  async prepare(dir) {
    const whole = join(dir, "whole");
    const copy = join(dir, "copy");
    await mkdir(copy);
    const stream = await openFileStream({ dir: whole, partitions, segmentBytes: 1_024 });
    for (let i = 0; i < MESSAGES; i += 4)
      await stream.send(
        "fuzz",
        0,
        [0, 1, 2, 3].map((n) => payloadOf(i + n)),
      );
    // Before it is closed it lies there as a crash would leave it.
    if (!closed) {
      const filter = (file: string) => !basename(file).startsWith("lock-");
      await cp(whole, join(dir, "crashed"), { recursive: true, filter });
    }
    await stream.close();
    const from = closed ? whole : join(dir, "crashed");
    const files = (await readdir(from, { recursive: true })).filter((file) => wanted.test(file)).sort();
    const path = files.at(-1);
    if (path === undefined) throw new Error(`the stream has no file that fits ${wanted.source}`);
    return {
      samples: [await readFile(join(from, path))],
      async read(bytes) {
        await rm(copy, { recursive: true });
        await cp(from, copy, { recursive: true });
        await writeFile(join(copy, path), bytes);
        const opened = await openFileStream({ dir: copy, partitions, segmentBytes: 1_024 });
        try {
          const read = await readAll(opened);
          holds(!closed || read === MESSAGES, "nothing of a stream that was closed is lost in silence");
        } finally {
          await opened.close();
        }
      },
      declared: only(StreamError),
    };
  },
});

export const streamTargets: readonly Target[] = [
  target("stream-after-crash", /^fuzz-0[/\\]\d/, false),
  target("stream-after-close", /^fuzz-0[/\\]\d/, true),
  target("stream-identity", /^stream\.json$/, true),
];
