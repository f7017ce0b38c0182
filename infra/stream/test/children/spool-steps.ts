// Opens the spool in the directory of its first argument, in front of a file stream, and sends through it numbered
// payloads that are acknowledged on its output, a line each, until all are forwarded; then closes it. It is killed by
// SIGKILL just before the call of the file system that its second argument counts to. Says `done` and the count at last.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { disk, type Disk, type DiskFile } from "../../src/file/disk.ts";
import { openFileStream } from "../../src/file/file-stream.ts";
import { openSpool } from "../../src/spool/spool.ts";

const [dir, step, run] = process.argv.slice(2);
const MESSAGES = 12;
let steps = 0;

function stepped<T>(call: () => Promise<T>): Promise<T> {
  steps += 1;
  if (steps === Number(step)) process.kill(process.pid, "SIGKILL");
  return call();
}

function wrap(file: DiskFile): DiskFile {
  return {
    write: (bytes, position) => stepped(() => file.write(bytes, position)),
    datasync: () => stepped(() => file.datasync()),
    truncate: (size) => stepped(() => file.truncate(size)),
    read: (into, position) => file.read(into, position),
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  };
}

const counting: Disk = {
  open: (path, mode) => stepped(async () => wrap(await disk.open(path, mode))),
  syncDirectory: (path) => stepped(() => disk.syncDirectory(path)),
};

const partitions = { events: 1 };
const behind = await openFileStream({ dir: join(dir!, "behind"), partitions }, counting);
const spool = await openSpool(
  { dir: join(dir!, "spool"), partitions, downstream: behind, maxBytes: 1e6, segmentBytes: 200 },
  counting,
);
for (let i = 0; i < MESSAGES; i += 1) {
  const value = `${run}:${i}`;
  const offset = await spool.send("events", 0, [Buffer.from(value.padEnd(100))]);
  writeSync(1, `${value}\n`);
  if (i % 4 === 3) await spool.forwarded("events", 0, offset + 1);
  // Long enough for the position to be written in between.
  if (i === MESSAGES / 2) await sleep(1_100);
}
await spool.close();
await behind.close();
writeSync(1, `done ${steps}\n`);
