import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { started } from "../../../test/started.ts";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { removeTemporary, temporary } from "./temporary.ts";

const partitions = { events: 2 };
const HOLDER = join(import.meta.dirname, "children", "holder.ts");

let dir: string;
beforeEach(async () => {
  dir = join(await temporary(), "a", "b");
});
afterEach(removeTemporary);

async function lockFile(): Promise<string> {
  const names = (await readdir(dir)).filter((name) => name.startsWith("lock-"));
  expect(names).toHaveLength(1);
  return join(dir, names[0]!);
}

/** Opens the stream, leaves the lock of `change` in its place, and closes nothing, as a crash. */
async function leaveLock(change: Record<string, unknown>): Promise<void> {
  const stream = await openFileStream({ dir, partitions });
  const path = await lockFile();
  const kept = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await stream.close();
  await writeFile(path, JSON.stringify({ ...kept, ...change }));
}

describe("a stream's directory", () => {
  it("and its files are for their owner alone", async () => {
    await using stream = await openFileStream({ dir, partitions, segmentBytes: 1 });
    await stream.send("events", 0, [Buffer.from("a")]);
    await stream.send("events", 0, [Buffer.from("b")]);
    const names = await readdir(dir, { recursive: true, withFileTypes: true });
    const modes = await Promise.all(
      names.map(async (entry) => {
        const { mode } = await stat(join(entry.parentPath, entry.name));
        return [entry.isDirectory(), mode & 0o777];
      }),
    );

    expect(modes.length).toBeGreaterThan(5);
    for (const [isDirectory, mode] of modes) expect(mode).toBe(isDirectory ? 0o700 : 0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it("gives each stream an id of its own", async () => {
    await using one = await openFileStream({ dir, partitions });
    await using other = await openFileStream({ dir: await temporary(), partitions });

    expect(one.id).toMatch(/^[0-9a-f]{32}$/);
    expect(other.id).not.toBe(one.id);
  });

  it("cannot be opened twice by one process", async () => {
    await using _ = await openFileStream({ dir, partitions });

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
  });

  it("is let go of by a refused opening and by a close", async () => {
    await expect(openFileStream({ dir, partitions: { "../x": 1 } })).rejects.toThrow(RangeError);
    for (let i = 0; i < 3; i += 1) {
      const stream = await openFileStream({ dir, partitions });
      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "unavailable" });
      await stream.close();
      await stream.close();
    }
    expect((await readdir(dir)).filter((name) => name.startsWith("lock-"))).toEqual([]);
  });

  it("is opened by at most one of many that come at once", async () => {
    const opened: FileStream[] = [];
    await Promise.allSettled(
      Array.from({ length: 8 }, async () => opened.push(await openFileStream({ dir, partitions }))),
    );
    expect(opened.length).toBeLessThanOrEqual(1);
    for (const stream of opened) await stream.close();

    await using _ = await openFileStream({ dir, partitions });
  });

  it("is held by another process as long as it lives, and free once it was killed", async () => {
    const child = spawn(process.execPath, [HOLDER, dir], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await started(child);
      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining(`process ${child.pid}`) as string,
      });
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }

    await using stream = await openFileStream({ dir, partitions });
    await lockFile();
    expect(await stream.range("events", 0)).toEqual({ first: 0, next: 0 });
  });

  it.each([
    ["whose number another process has now", { started: "1" }],
    ["from before the machine was started again", { boot: "another" }],
    ["from before its container was started again", { pidNamespace: "pid:[1]" }],
  ])("is taken over from a process %s", async (_, change) => {
    await leaveLock(change);

    await using stream = await openFileStream({ dir, partitions });
    await lockFile();
    expect(await stream.range("events", 0)).toEqual({ first: 0, next: 0 });
  });

  it.each([
    ["on another host", { boot: "another", host: "elsewhere" }],
    ["in another container", { pidNamespace: "pid:[1]", host: "elsewhere" }],
  ])("is not taken over from a process %s", async (_, change) => {
    await leaveLock(change);

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("elsewhere") as string,
    });
  });

  it.each(["", "{}", "[]", '{"v":1,"pid":-1}'])(
    "is not taken over when its lock says %p",
    async (content) => {
      await leaveLock({});
      await writeFile(await lockFile(), content);

      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "unavailable" });
    },
  );

  it("is refused with fewer partitions than it holds, and takes more", async () => {
    await openFileStream({ dir, partitions }).then((stream) => stream.close());
    await expect(openFileStream({ dir, partitions: { events: 1 } })).rejects.toMatchObject({
      code: "corrupt",
    });

    await using stream = await openFileStream({ dir, partitions: { events: 3, audit: 1 } });
    expect(await stream.send("events", 2, [Buffer.from("a")])).toBe(0);
  });

  it.each([{ events: 0 }, { events: 1.5 }, { "": 1 }, { "a/b": 1 }, { "..": 1 }])(
    "is refused the partitions %p",
    async (wrong) => {
      await expect(openFileStream({ dir, partitions: wrong })).rejects.toThrow(RangeError);
    },
  );

  it("may be moved while it is closed", async () => {
    const stream = await openFileStream({ dir, partitions });
    await stream.send("events", 1, [Buffer.from("a")]);
    await stream.close();
    const elsewhere = join(await temporary(), "moved");
    await rename(dir, elsewhere);

    await using moved = await openFileStream({ dir: elsewhere, partitions });
    expect(moved.id).toBe(stream.id);
    expect(await moved.range("events", 1)).toEqual({ first: 0, next: 1 });
  });

  it("that cannot be made is refused as unavailable", async () => {
    const file = join(await temporary(), "file");
    await writeFile(file, "");

    await expect(openFileStream({ dir: join(file, "stream"), partitions })).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});
