// Run by parsing.ts in a process of its own, so that memory is that of one parser: reads one export, and prints what
// it took.
import { createReadStream, readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { openExport } from "@daybook/exports";
import { parseString } from "whatsapp-chat-parser";

const [, , parser, path = ""] = process.argv;
const before = process.memoryUsage.rss();
const start = performance.now();
const records = parser === "daybook" ? await ours() : await theirs();
const ms = performance.now() - start;
const grownBytes = peakBytes() - before;
process.stdout.write(JSON.stringify({ records, ms, grownBytes }));

async function ours(): Promise<number> {
  const { size } = await stat(path);
  const source = {
    sizeBytes: size,
    read: (from: number, to: number) =>
      createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 }),
  };
  let count = 0;
  for (const chat of await openExport(source, "chat.txt")) {
    const survey = await chat.survey();
    for await (const batch of chat.entries({ survey })) count += batch.length;
  }
  return count;
}

async function theirs(): Promise<number> {
  return parseString(await readFile(path, "utf8")).length;
}

/** The most that this process has had resident, of its own: what `getrusage` says begins with its parent's. */
function peakBytes(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1_024;
}
