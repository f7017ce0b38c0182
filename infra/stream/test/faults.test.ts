import { spawnSync } from "node:child_process";
import { mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect } from "@daybook/stream/testing";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { afterCrash, removeTemporary, temporary } from "./temporary.ts";
import { systemError, TestDisk } from "./test-disk.ts";

const partitions = { events: 1, audit: 1 };
const text = (value: string) => [Buffer.from(value)];

let disk: TestDisk;
let dir: string;
let stream: FileStream;
const open = (segmentBytes = 1_000_000) => openFileStream({ dir, partitions, segmentBytes }, disk);

beforeEach(async () => {
  disk = new TestDisk();
  dir = await temporary();
  stream = await open();
});
afterEach(async () => {
  disk.hooks = {};
  await stream.close();
  await removeTemporary();
});

async function contents(from: FileStream): Promise<string[]> {
  const { first, next } = await from.range("events", 0);
  return (await collect(from, "events", 0, first, next - first)).map(({ payload }) =>
    Buffer.from(payload).toString(),
  );
}

describe("after an fdatasync that failed, a partition", () => {
  const fail = () => Promise.reject(systemError("EIO"));

  it("takes nothing until the stream is opened again, however sound the disk seems", async () => {
    await stream.send("events", 0, text("a"));
    disk.hooks.datasync = fail;
    const refused = { code: "unavailable", retryable: true };
    const [one, two] = [stream.send("events", 0, text("b")), stream.send("events", 0, text("c"))];
    await expect(one).rejects.toMatchObject(refused);
    await expect(two).rejects.toMatchObject(refused);

    disk.hooks = {};
    const { datasync, write } = disk.counts;
    await expect(stream.send("events", 0, text("d"))).rejects.toMatchObject(refused);
    expect([disk.counts.datasync, disk.counts.write]).toEqual([datasync, write]);
    expect(await contents(stream)).toEqual(["a"]);

    await stream.close();
    stream = await open();
    expect(await stream.send("events", 0, text("e"))).toBe(1);
    expect(await contents(stream)).toEqual(["a", "e"]);
  });

  it("refuses what was queued behind it", async () => {
    const reached = Promise.withResolvers<null>();
    const gate = Promise.withResolvers<null>();
    disk.hooks.datasync = async () => {
      reached.resolve(null);
      await gate.promise;
      throw systemError("EIO");
    };
    const first = stream.send("events", 0, text("a"));
    const settled = [first.catch((error: unknown) => error)];
    await reached.promise;
    settled.push(stream.send("events", 0, text("b")).catch((error: unknown) => error));
    gate.resolve(null);

    for (const error of await Promise.all(settled)) expect(error).toMatchObject({ code: "unavailable" });
    expect(disk.counts.write).toBe(2 + 1);
  });

  it("leaves the other partitions alone", async () => {
    disk.hooks.datasync = async (path) => {
      if (path.includes("events")) throw systemError("EIO");
    };
    await expect(stream.send("events", 0, text("a"))).rejects.toMatchObject({ code: "unavailable" });

    expect(await stream.send("audit", 0, text("b"))).toBe(0);
  });

  it("writes what it finds again before it vouches for it", async () => {
    await stream.send("events", 0, text("a"));
    disk.hooks = { datasync: fail, truncate: fail };
    await expect(stream.send("events", 0, text("b"))).rejects.toMatchObject({ code: "unavailable" });
    await stream.close();
    const done: string[] = [];
    disk.hooks = {
      write: async (bytes, path) => {
        if (path.includes("events")) done.push(`write ${Buffer.from(bytes).toString("latin1", 8)}`);
      },
      datasync: async (path) => {
        if (path.includes("events")) done.push("fdatasync");
      },
    };
    stream = await open();

    expect(done).toEqual(["write b", "fdatasync"]);
    expect(await contents(stream)).toEqual(["a", "b"]);
  });
});

describe("after a write that failed for another reason than room, a partition", () => {
  it("takes nothing until the stream is opened again", async () => {
    disk.hooks.writePart = { bytes: 5, error: systemError("EIO") };
    await expect(stream.send("events", 0, text("a"))).rejects.toMatchObject({ code: "unavailable" });
    disk.hooks = {};
    await expect(stream.send("events", 0, text("a"))).rejects.toMatchObject({ code: "unavailable" });

    await stream.close();
    stream = await open();
    expect(await stream.send("events", 0, text("a"))).toBe(0);
  });
});

describe("on a full disk, a send", () => {
  it.each(["ENOSPC", "EDQUOT"])(
    "is refused by %s as `full`, keeps nothing, and works once there is room",
    async (code) => {
      await stream.send("events", 0, text("before"));
      disk.hooks.writePart = { bytes: 60, error: systemError(code) };
      const group = ["one", "two", "three", "four"].map((value) =>
        stream.send("events", 0, text(value.repeat(5))),
      );
      for (const send of await Promise.allSettled(group)) {
        expect(send).toMatchObject({ status: "rejected", reason: { code: "full", retryable: true } });
      }
      const left = await afterCrash(dir);

      disk.hooks = {};
      expect(await stream.send("events", 0, text("after"))).toBe(1);
      expect(await contents(stream)).toEqual(["before", "after"]);
      await using crashed = await openFileStream({ dir: left, partitions });
      expect(await contents(crashed)).toEqual(["before"]);
    },
  );

  it("is refused as `full` when there is no room for a new file, and works once there is", async () => {
    await stream.close();
    stream = await open(10);
    await stream.send("events", 0, text("before"));
    disk.hooks.create = () => Promise.reject(systemError("ENOSPC"));
    await expect(stream.send("events", 0, text("refused"))).rejects.toMatchObject({ code: "full" });

    disk.hooks = {};
    expect(await stream.send("events", 0, text("after"))).toBe(1);
    expect(await contents(stream)).toEqual(["before", "after"]);
  });

  it("breaks the partition when what it left cannot be taken back", async () => {
    disk.hooks = {
      writePart: { bytes: 60, error: systemError("ENOSPC") },
      truncate: () => Promise.reject(systemError("EIO")),
    };
    await expect(stream.send("events", 0, text("a"))).rejects.toMatchObject({ code: "unavailable" });
    disk.hooks = {};
    await expect(stream.send("events", 0, text("a"))).rejects.toMatchObject({ code: "unavailable" });
  });
});

const mount = await mkdtemp(join(tmpdir(), "daybook-small-"));
const mountSmall = () =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", mount], { timeout: 10_000 })
    .status === 0;
const unmount = () => spawnSync("umount", [mount], { timeout: 10_000 }).status === 0;
const canMount = mountSmall() && unmount();
if (!canMount)
  process.stderr.write("SKIPPED: a disk that is really full (needs the right to mount a tmpfs)\n");
afterAll(() => rmdir(mount));

(canMount ? describe : describe.skip)("on a small disk that is really full", () => {
  beforeAll(() => expect(mountSmall()).toBe(true));
  afterAll(() => expect(unmount()).toBe(true));

  it("a stream loses nothing acknowledged and goes on after room is made", async () => {
    const home = join(mount, "stream");
    const ballast = join(mount, "ballast");
    const small = await openFileStream({ dir: home, partitions, segmentBytes: 8_192 });
    await writeFile(ballast, Buffer.alloc(100_000));
    const acknowledged: string[] = [];
    const send = async (i: number) => {
      const value = `${i}`.padStart(3_000, "0");
      await small.send("events", 0, text(value));
      acknowledged.push(value);
    };
    const fill = async () => {
      for (let i = acknowledged.length; ; i += 1) await send(i);
    };
    await expect(fill()).rejects.toMatchObject({ code: "full", retryable: true });
    await expect(send(-1)).rejects.toMatchObject({ code: "full" });
    expect(acknowledged.length).toBeGreaterThan(10);
    await expect(openFileStream({ dir: join(mount, "another"), partitions })).rejects.toMatchObject({
      code: "full",
    });

    await rm(ballast);
    for (let i = 0; i < 10; i += 1) await send(1_000 + i);
    expect(await contents(small)).toEqual(acknowledged);
    await small.close();
    await using reopened = await openFileStream({ dir: home, partitions });
    expect(await contents(reopened)).toEqual(acknowledged);
  });
});
