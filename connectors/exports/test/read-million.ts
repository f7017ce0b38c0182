// Run by flat-memory.test.ts in a process of its own, whose heap is too small for the file: reads a chat of a million
// messages, made as it is read, and prints what it took.
import { type ByteSource, openExport } from "../src/index.ts";

const day = (index: number) => `${String(1 + (index % 12))}/${String(1 + (index % 28))}/24`;
const block = Buffer.from(
  Array.from(
    { length: 10_000 },
    (_, i) =>
      `${day(i)}, 3:04\u202fPM - Author ${String(i % 50)}: ${"words of a message ".repeat(3)}${String(i)}\n`,
  ).join(""),
);
const source: ByteSource = {
  sizeBytes: block.length * 100,
  async *read(start, end) {
    for (let at = start; at < end;) {
      const from = at % block.length;
      const to = Math.min(from + 65_536, block.length, from + end - at);
      yield await Promise.resolve(block.subarray(from, to));
      at += to - from;
    }
  },
};

const before = process.memoryUsage().rss;
let peak = before;
const [chat] = await openExport(source, "chat.txt");
const survey = await chat!.survey();
let records = 0;
for await (const batch of chat!.entries({ survey })) {
  records += batch.length;
  peak = Math.max(peak, process.memoryUsage.rss());
}
console.log(JSON.stringify({ records, bytes: source.sizeBytes, grownBytes: peak - before }));
