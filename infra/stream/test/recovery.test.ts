import { randomBytes } from "node:crypto";
import { appendFile, open, readFile, rm, truncate, unlink, writeFile } from "node:fs/promises";
import { collect } from "@daybook/stream/testing";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { afterCrash, removeTemporary, segments, temporary } from "./temporary.ts";

const partitions = { events: 1 };
const HEADER = 8;

afterEach(removeTemporary);

/** A directory in which each of `groups` was acknowledged on its own, then its process was killed. */
async function crashed(groups: readonly (readonly Buffer[])[], segmentBytes = 1_000_000): Promise<string> {
  const dir = await temporary();
  const stream = await openFileStream({ dir, partitions, segmentBytes });
  for (const group of groups) await stream.send("events", 0, group);
  const copy = await afterCrash(dir);
  await stream.close();
  return copy;
}

/** The same after a close in good order. */
async function closed(groups: readonly (readonly Buffer[])[]): Promise<string> {
  const dir = await temporary();
  const stream = await openFileStream({ dir, partitions });
  for (const group of groups) await stream.send("events", 0, group);
  await stream.close();
  return dir;
}

async function lastFile(dir: string): Promise<string> {
  return (await segments(dir, "events-0")).at(-1)!;
}

async function contents(stream: FileStream): Promise<string[]> {
  const { first, next } = await stream.range("events", 0);
  const messages = await collect(stream, "events", 0, first, next - first);
  return messages.map(({ payload }) => Buffer.from(payload).toString("hex"));
}

async function reopened(dir: string): Promise<string[]> {
  await using stream = await openFileStream({ dir, partitions });
  return await contents(stream);
}

const hex = (payloads: readonly Buffer[]) => payloads.map((payload) => payload.toString("hex"));
const random = (count: number, bytes = 40) => Array.from({ length: count }, () => randomBytes(bytes));

describe("a stream whose process was killed", () => {
  it("cuts off a last frame torn at any byte, keeps all before it, and goes on from there", async () => {
    const sent = random(3);
    const dir = await crashed(sent.map((payload) => [payload]));
    const path = await lastFile(dir);
    const whole = await readFile(path);
    const lastAt = whole.length - HEADER - 40;
    for (let size = lastAt; size < whole.length; size += 1) {
      await writeFile(path, whole.subarray(0, size));
      await rm(`${dir}/closed.json`, { force: true });
      await using stream = await openFileStream({ dir, partitions });
      expect(await contents(stream)).toEqual(hex(sent.slice(0, 2)));
      expect(await stream.send("events", 0, [sent[2]!])).toBe(2);
      expect(await contents(stream)).toEqual(hex(sent));
    }
  });

  it("keeps the whole frames of a torn group", async () => {
    const [acknowledged, torn] = [random(2), random(3)];
    const dir = await crashed([acknowledged, torn]);
    const path = await lastFile(dir);
    await truncate(path, (await readFile(path)).length - 1);

    expect(await reopened(dir)).toEqual(hex([...acknowledged, ...torn.slice(0, 2)]));
  });

  it.each([
    ["zeros", Buffer.alloc(5_000)],
    ["noise", randomBytes(5_000)],
    ["a megabyte of noise", randomBytes(1_000_000)],
    ["a header that promises more than there is", Buffer.from("0000ffff00000000", "hex")],
    ["a header of an impossible length", Buffer.from("7fffffff0000000000", "hex")],
  ])("cuts off %s after the last frame", async (_, tail) => {
    const sent = random(2);
    const dir = await crashed([sent]);
    const path = await lastFile(dir);
    const whole = await readFile(path);
    await appendFile(path, tail);

    expect(await reopened(dir)).toEqual(hex(sent));
    expect(await readFile(path)).toEqual(whole);
  });

  it("starts with an empty last file, made just before the crash", async () => {
    const sent = random(1);
    const dir = await crashed([sent]);
    await writeFile(await lastFile(dir).then((path) => path.replace(/0\.log$/, "1.log")), "");

    expect(await reopened(dir)).toEqual(hex(sent));
  });

  it("refuses, and leaves as it is, a file in which any byte before the last group was changed", async () => {
    const sent = random(3, 20);
    const dir = await crashed(sent.map((payload) => [payload]));
    const path = await lastFile(dir);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length - HEADER - 20; at += 1) {
      const altered = Buffer.from(whole);
      altered[at]! ^= 0x10;
      await writeFile(path, altered);
      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({
        code: "corrupt",
        retryable: false,
      });
      expect(await readFile(path)).toEqual(altered);
    }
  });

  it("refuses a change in the last group too, when whole messages follow it", async () => {
    const sent = random(3, 20);
    const dir = await crashed([sent]);
    const path = await lastFile(dir);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length - HEADER - 20; at += 1) {
      const altered = Buffer.from(whole);
      altered[at]! ^= 0x80;
      await writeFile(path, altered);
      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
    }
  });

  it("refuses damage that newer messages follow, whatever their sizes", async () => {
    const sent = [1, 300_000, 3, 70_000, 500, 2_000_000].map((size) => randomBytes(size));
    const dir = await crashed(sent.map((payload) => [payload]));
    const path = await lastFile(dir);
    await alter(path, 9 + 4, Buffer.of(0xff, 0xff));

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("a stream whose machine lost power", () => {
  it("cuts off a last group with a hole in it", async () => {
    const [acknowledged, torn] = [random(2, 1_000), random(6, 1_000)];
    const dir = await crashed([acknowledged, torn]);
    const path = await lastFile(dir);
    await alter(path, 4_096, Buffer.alloc(512));

    expect(await reopened(dir)).toEqual(hex([...acknowledged, ...torn.slice(0, 2)]));
  });

  it("refuses a hole before a newer group: what lay there was durable", async () => {
    const dir = await crashed([random(2, 1_000), random(6, 1_000), random(1, 1_000)]);
    await alter(await lastFile(dir), 4_096, Buffer.alloc(512));

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("a stream that was closed in good order", () => {
  it.each([
    ["cut short", (path: string, size: number) => truncate(path, size - 1)],
    ["emptied", (path: string) => truncate(path, 0)],
    ["removed", (path: string) => unlink(path)],
    ["changed in its last byte", (path: string, size: number) => alter(path, size - 1, Buffer.of(0))],
  ])("refuses to open when its last file was %s", async (_, damage) => {
    const last = Buffer.from("ends in one byte that is not zero");
    const dir = await closed([random(2), [last]]);
    const path = await lastFile(dir);
    await damage(path, (await readFile(path)).length);

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
  });

  it("opens again and again", async () => {
    const sent = random(4);
    const dir = await closed([sent]);
    for (let i = 0; i < 3; i += 1) expect(await reopened(dir)).toEqual(hex(sent));
  });

  it.each(["stream.json", "closed.json"])("refuses to open when %s is not what it wrote", async (file) => {
    const dir = await closed([random(1)]);
    for (const content of ["", "{}", "null", "[", '{"v":1,"id":"../..","ends":{"events-0":"1"}}']) {
      await writeFile(`${dir}/${file}`, content);
      await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
    }
  });

  it("refuses to give messages another stream's id", async () => {
    const dir = await closed([random(1)]);
    await unlink(`${dir}/stream.json`);

    await expect(openFileStream({ dir, partitions })).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("an older file", () => {
  it("is refused by the reader who comes to the damage, after all that lies before it", async () => {
    const sent = random(20, 100);
    const dir = await crashed(
      sent.map((payload) => [payload]),
      500,
    );
    const [, second] = await segments(dir, "events-0");
    await alter(second!, 150, Buffer.from("damage"));

    await using stream = await openFileStream({ dir, partitions });
    const read: string[] = [];
    const reading = async () => {
      const limits = { maxMessages: 1, maxBytes: 1 };
      for await (const batch of stream.read("events", 0, 0, limits, new AbortController().signal)) {
        read.push(...hex(batch.map(({ payload }) => Buffer.from(payload))));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: "corrupt" });
    expect(read).toEqual(hex(sent.slice(0, 6)));
    expect((await collect(stream, "events", 0, 10, 10)).length).toBe(10);
  });

  it.each([
    ["missing", (path: string) => unlink(path)],
    ["cut short between two messages", (path: string) => truncate(path, 108)],
    ["cut short within a message", (path: string) => truncate(path, 120)],
  ])("is refused when it is %s", async (_, damage) => {
    const dir = await crashed(
      random(20, 100).map((payload) => [payload]),
      500,
    );
    await damage((await segments(dir, "events-0"))[1]!);

    const reading = async () => {
      await using stream = await openFileStream({ dir, partitions });
      await contents(stream);
    };
    await expect(reading()).rejects.toMatchObject({ code: "corrupt" });
  });
});

async function alter(path: string, at: number, bytes: Buffer): Promise<void> {
  await using file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, at);
}
