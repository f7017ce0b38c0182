import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStream } from "@daybook/stream/testing";
import { createPayloadSealer } from "../src/cipher/sealer.ts";
import { generateIngestKey } from "../src/cipher/ingest-key.ts";
import { StreamError } from "../src/port.ts";
import { openSpool, type Spool } from "../src/spool/spool.ts";
import { removeTemporary, temporary } from "./temporary.ts";
import { contents, drained, QUICK } from "./through-spool.ts";

const partitions = { events: 1 };

class Behind extends MemoryStream {
  isAway = true;
  override async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    if (this.isAway) throw new StreamError("unavailable", "injected: away");
    return super.send(topic, partition, payloads);
  }
}

async function smallDisk(): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), "daybook-small-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", path]);
  if (mounted.status === 0) return path;
  await rmdir(path);
  return undefined;
}

const disk = await smallDisk();
if (!disk)
  console.warn("cannot mount a tmpfs here: a spool on a full disk was not tried. Run as root on Linux.");
afterAll(async () => {
  if (!disk) return;
  spawnSync("umount", [disk]);
  await rm(disk, { recursive: true });
});
let spool: Spool;
afterEach(async () => {
  await spool.close();
  await removeTemporary();
});

(disk ? it : it.skip)(
  "refuses what a full disk cannot keep, keeps the rest, and goes on by itself once drained",
  async () => {
    const behind = new Behind();
    const dir = join(disk!, "spool");
    const open = (): Promise<Spool> =>
      openSpool({ dir, partitions, downstream: behind, maxBytes: 1e9, segmentBytes: 50_000, pauses: QUICK });
    spool = await open();
    const acknowledged: string[] = [];
    const send = async () => {
      const value = `${acknowledged.length} `.padEnd(3_000, "x");
      await spool.send("events", 0, [Buffer.from(value)]);
      acknowledged.push(value);
    };
    const fill = async () => {
      for (;;) {
        try {
          await send();
        } catch (error) {
          expect(error).toMatchObject({ code: "full", retryable: true });
          return;
        }
      }
    };
    for (let round = 0; round < 3; round += 1) {
      behind.isAway = true;
      await fill();
      await expect(send()).rejects.toMatchObject({ code: "full" });
      behind.isAway = false;
      await drained(spool);
      await send();
      await drained(spool);
    }
    expect(acknowledged.length).toBeGreaterThan(600);

    behind.isAway = true;
    await fill();
    await spool.close();
    spool = await open();
    behind.isAway = false;
    await drained(spool);
    await spool.close();
    // Where it was could not be noted on a full disk: some went twice.
    const numbers = new Set((await contents(behind, "events")).map(({ text }) => parseInt(text, 10)));
    expect([...numbers]).toEqual(acknowledged.map((_, i) => i));
  },
);

it("holds nothing that can be read of what passes through it", async () => {
  const { publicKey } = await generateIngestKey();
  const sealer = createPayloadSealer({ publicKey: () => publicKey });
  const dir = await temporary();
  const behind = new Behind();
  spool = await openSpool({
    dir,
    partitions,
    downstream: behind,
    maxBytes: 1e9,
    segmentBytes: 5_000,
    pauses: QUICK,
  });
  const words = ["quetzalcoatlus", "Wilhelmina", "07700900999"];
  for (let i = 0; i < 200; i += 1) {
    const text = Buffer.from(`${words.join(" ")} ${i}`);
    await spool.send("events", 0, [await sealer.seal(text, "events/0")]);
  }
  const found = async () => {
    const names = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    const all = await Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file) })));
    return all.flatMap(({ file, bytes }) =>
      words.filter((word) => bytes.includes(word) || file.includes(word)),
    );
  };
  expect((await readdir(join(dir, "events-0"))).length).toBeGreaterThan(4);
  expect(await found()).toEqual([]);
  behind.isAway = false;
  await drained(spool);
  await spool.close();
  expect(await found()).toEqual([]);
  expect(await contents(behind, "events")).toHaveLength(200);
  await writeFile(join(dir, "planted"), "x Wilhelmina");
  expect(await found()).toEqual(["Wilhelmina"]);
});
