import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MemoryStream } from "@daybook/stream/testing";
import { openSpool, type Spool } from "../src/spool/spool.ts";
import { afterCrash, removeTemporary, temporary } from "./temporary.ts";
import { contents, drained, QUICK } from "./through-spool.ts";

let dir: string;
let behind: MemoryStream;
let spool: Spool;
const open = async () => {
  const partitions = { events: 2 };
  spool = await openSpool({ dir, partitions, downstream: behind, maxBytes: 1_000_000, pauses: QUICK });
};
const send = (value: string) => spool.send("events", 0, [Buffer.from(value)]);
const there = async () => (await contents(behind, "events")).map(({ text }) => text);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `message ${from + i}`);

beforeEach(async () => {
  dir = await temporary();
  behind = new MemoryStream();
});
afterEach(async () => {
  await spool.close();
  await removeTemporary();
});

describe("what a spool remembers of its position", () => {
  const NOTE = "forwarded.json";
  const crashAfter = async (values: readonly string[]) => {
    await open();
    for (const value of values) await send(value);
    await drained(spool);
    const copy = await afterCrash(dir);
    await spool.close();
    dir = copy;
  };

  it("may lag behind: what was forwarded goes again, in order", async () => {
    await crashAfter(numbered(0, 5));
    await rm(join(dir, NOTE), { force: true });
    await open();
    await send("after");
    await drained(spool);
    expect(await there()).toEqual([...numbered(0, 5), ...numbered(0, 5), "after"]);
  });

  it("is exact after it was closed: nothing goes twice", async () => {
    await open();
    for (const value of numbered(0, 5)) await send(value);
    await drained(spool);
    await spool.close();
    await open();
    await send("after");
    await drained(spool);
    expect(await there()).toEqual([...numbered(0, 5), "after"]);
  });

  it.each([
    ["is damaged", () => "{"],
    ["is of another stream", (note: string) => note.replace(/"stream":"\w+"/, '"stream":"0"')],
    ["holds no numbers", (note: string) => note.replaceAll(/"offset":\d+/g, '"offset":"1"')],
  ])("counts for nothing when it %s", async (_, spoil) => {
    await open();
    for (const value of numbered(0, 5)) await send(value);
    await drained(spool);
    await spool.close();
    const path = join(dir, NOTE);
    await writeFile(path, spoil(await readFile(path, "utf8")));
    await open();
    await drained(spool);
    expect([...new Set(await there())]).toEqual(numbered(0, 5));
    expect(await there()).toHaveLength(10);
  });

  it("is not believed when the messages below it are gone", async () => {
    await open();
    await send("a");
    await drained(spool);
    await spool.close();
    const path = join(dir, NOTE);
    await writeFile(path, (await readFile(path, "utf8")).replace('"offset":1', '"offset":7'));
    await expect(open()).rejects.toMatchObject({ code: "corrupt" });
    expect((await readdir(dir)).filter((name) => name.startsWith("lock-"))).toEqual([]);
  });
});
