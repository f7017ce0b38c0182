import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Daybook } from "../e2e/support/daybook.ts";

const LINES = 12_000;
const EXPORT = Array.from({ length: LINES }, (_, i) => {
  const minute = `${String(Math.floor(i / 60) % 24).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`;
  const day = String(13 + Math.floor(i / 1_440)).padStart(2, "0");
  return `${day}/05/2024, ${minute} - Ann: line ${i} of the halcyon log, ${"at some length ".repeat(20)}\n`;
}).join("");

const daybook = new Daybook();
const disks: string[] = [];
afterAll(async () => {
  await daybook.remove();
  for (const disk of disks) {
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  }
});

/** A file system of its own; undefined where none can be mounted. */
function smallDisk(megabytes: number): string | undefined {
  const path = mkdtempSync(join(tmpdir(), "small-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", path], {
      stdio: "ignore",
    });
    disks.push(path);
    return path;
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
}

/** Takes what room there is, to the last byte. */
function fill(disk: string): void {
  const file = openSync(join(disk, "filler"), "a");
  try {
    for (let size = 1 << 20; size > 0; size >>= 1) {
      try {
        for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}

const makeRoom = (disk: string) => rm(join(disk, "filler"));
const mounts = smallDisk(1) !== undefined;
if (!mounts) console.warn("cannot mount a tmpfs here: a full disk was not tried. Run as root on Linux.");
const onLinux = mounts ? it : it.skip;

onLinux("says that the disk is full when a first start finds no room, and starts when there is", async () => {
  const disk = smallDisk(30)!;
  const args = ["up", "--home", join(disk, "home"), "--port", "0", "--json"];
  const { code, stdout, stderr } = await daybook.run(args);

  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  // On a first start the way to the keys is said before.
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^daybook: .*the disk is full: make room$/);
  execFileSync("mount", ["-o", "remount,size=200m", disk]);
  await daybook.up("--home", join(disk, "home"));
  expect(await daybook.stop()).toBe(0);
});

onLinux("refuses an import that fills the disk, loses nothing of it and doubles nothing", async () => {
  const disk = smallDisk(300)!;
  const env = { DAYBOOK_HOME: join(disk, "home") };
  const file = daybook.write("WhatsApp Chat with Ann.txt", EXPORT);
  const importing = ["import", file, "--custodian", "Ann"];
  await daybook.up("--home", env.DAYBOOK_HOME);

  const refusals: string[] = [];
  for (const afterMs of [150, 500, 900, 1_400]) {
    const run = daybook.run([...importing, "--json"], env);
    await sleep(afterMs);
    fill(disk);
    // Long enough for what runs to meet the end of the disk; what waits for room goes on when there is some.
    await sleep(1_500);
    await makeRoom(disk);
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
  const home = disks.at(-1)!;
  const args = ["up", "--home", join(home, "home"), "--port", "0", "--json"];
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await daybook.stop(signal);
    fill(home);
    const { code, stdout, stderr } = await daybook.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^daybook: .*the disk is full: make room[^\n]*\n$/);
    await makeRoom(home);
    await daybook.up("--home", join(home, "home"));
    expect(await daybook.json(["log", "fsck"], { DAYBOOK_HOME: join(home, "home") })).toMatchObject({
      ok: true,
    });
  }
});
