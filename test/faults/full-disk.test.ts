import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { Daybook } from "../e2e/support/daybook.ts";
import { madeUpExport } from "../fixtures/made-up-export.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";

jest.setTimeout(300_000);

const LINES = 12_000;
const EXPORT = madeUpExport(
  LINES,
  (line) => `line ${line} of the halcyon log, ${"at some length ".repeat(20)}`,
);

const daybook = new Daybook();
const dir = mkdtempSync(join(tmpdir(), "small-"));
const disks: SmallDisk[] = [];
afterAll(async () => {
  await daybook.remove();
  for (const disk of disks) disk.unmount();
  rmSync(dir, { recursive: true });
});

function smallDisk(megabytes: number): SmallDisk | undefined {
  const disk = mountSmallDisk(join(dir, String(disks.length)), megabytes);
  if (disk) disks.push(disk);
  return disk;
}

const mounts = smallDisk(1) !== undefined;
if (!mounts) console.warn("cannot mount a tmpfs here: a full disk was not tried. Run as root on Linux.");
const onLinux = mounts ? it : it.skip;

onLinux("says that the disk is full when a first start finds no room, and starts when there is", async () => {
  const disk = smallDisk(30)!;
  const args = ["up", "--home", join(disk.path, "home"), "--port", "0", "--json"];
  const { code, stdout, stderr } = await daybook.run(args);

  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  // On a first start the way to the keys is said before.
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^daybook: .*the disk is full: make room$/);
  disk.resize(200);
  await daybook.up("--home", join(disk.path, "home"));
  expect(await daybook.stop()).toBe(0);
});

onLinux("refuses an import that fills the disk, loses nothing of it and doubles nothing", async () => {
  const disk = smallDisk(300)!;
  const env = { DAYBOOK_HOME: join(disk.path, "home") };
  const file = daybook.write("WhatsApp Chat with Ann.txt", EXPORT);
  const importing = ["import", file, "--custodian", "Ann"];
  await daybook.up("--home", env.DAYBOOK_HOME);

  const refusals: string[] = [];
  for (const afterMs of [150, 500, 900, 1_400]) {
    const run = daybook.run([...importing, "--json"], env);
    await sleep(afterMs);
    disk.fill();
    // Long enough for what runs to meet the end of the disk; what waits for room goes on when there is some.
    await sleep(1_500);
    await disk.makeRoom();
    const { code, stderr } = await run;
    if (code !== 0) refusals.push(stderr);
  }
  expect(refusals.length).toBeGreaterThan(0);
  for (const refusal of refusals)
    expect(refusal).toMatch(/^daybook: [^\n]*(make room|disk is full)[^\n]*\n$/);

  const { files } = await daybook.json<{ files: { messages: number }[] }>(importing, env);
  expect(files).toMatchObject([{ messages: LINES }]);
  const again = await daybook.json<{ records: number }>(importing, env);
  expect(again.records).toBe(0);
  const status = await daybook.json<{ shards: { shard: string; size: number; catalogued: number }[] }>(
    ["status"],
    env,
  );
  // Every line once, and the notice of the file once.
  const size = LINES + 1;
  expect(status.shards.find((one) => one.shard === "0")).toMatchObject({ size, catalogued: size });
  expect(await daybook.json(["log", "fsck"], env)).toMatchObject({ ok: true });
});

onLinux("does not start on a full disk, says so, and starts as it was when there is room", async () => {
  const disk = disks.at(-1)!;
  const home = join(disk.path, "home");
  const args = ["up", "--home", home, "--port", "0", "--json"];
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await daybook.stop(signal);
    disk.fill();
    const { code, stdout, stderr } = await daybook.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^daybook: .*the disk is full: make room[^\n]*\n$/);
    await disk.makeRoom();
    await daybook.up("--home", home);
    expect(await daybook.json(["log", "fsck"], { DAYBOOK_HOME: home })).toMatchObject({ ok: true });
  }
});
