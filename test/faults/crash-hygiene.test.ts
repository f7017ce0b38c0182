import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { started } from "../started.ts";
import { Daybook } from "../e2e/support/daybook.ts";
import { madeUpExport } from "../fixtures/made-up-export.ts";
import { scan } from "./scan.ts";
import { coreOf, leftBehind, nodesOf, portsOf } from "./support/signs.ts";

const PROGRAM = join(import.meta.dirname, "programs", "secretive.ts");
const FATAL = ["SIGQUIT", "SIGABRT", "SIGSEGV"] as const;
const EXPORT = madeUpExport(2_000);
const OFF = { limit: "0 0", filter: "00000000" };

// Whoever starts a service may allow it a core of any size; so does this process, to those that it starts.
const allowed =
  spawnSync("prlimit", ["--pid", String(process.pid), "--core=unlimited:unlimited"]).status === 0;
const writesCores = allowed && readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim() === "core";
if (!allowed) console.warn("cannot allow core dumps here: a crash was not tried. Run as root on Linux.");
if (allowed && !writesCores)
  console.warn("this kernel hands cores to a program: that one is written without us was not tried.");

const dirs: string[] = [];
const directory = () => {
  const dir = mkdtempSync(join(tmpdir(), "daybook-crash-"));
  dirs.push(dir);
  return dir;
};
const daybook = new Daybook();
afterAll(async () => {
  await daybook.remove();
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

/** Starts the program in a directory of its own, until it is ready. */
async function start(args: readonly string[], flags: readonly string[] = []) {
  const dir = directory();
  const child = spawn(process.execPath, [...flags, PROGRAM, ...args], {
    cwd: dir,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH },
  });
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  await started(child);
  return { dir, child, pid: child.pid!, ended };
}

(allowed ? describe : describe.skip)("a process that crashes, or is told to show itself", () => {
  it.each(FATAL)("leaves nothing when it is ended by %s", async (signal) => {
    const { dir, child, ended } = await start(["hardened"]);
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("leaves nothing when its heap is full", async () => {
    const { dir, ended } = await start(["hardened", "full"], ["--max-old-space-size=40"]);
    expect(await ended).toEqual([null, "SIGABRT"]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("opens no inspector on SIGUSR1", async () => {
    const { dir, child, pid, ended } = await start(["hardened"]);
    child.kill("SIGUSR1");
    await sleep(500);
    expect(portsOf(pid)).toEqual([]);
    child.kill("SIGKILL");
    await ended;
    expect(readdirSync(dir)).toEqual([]);
  });

  it("would be seen to leave its memory, and to open an inspector, if it did", async () => {
    const open = await start(["bare"], ["--inspect-port=0"]);
    open.child.kill("SIGUSR1");
    while (portsOf(open.pid).length === 0) await sleep(20);
    open.child.kill("SIGABRT");
    await open.ended;
    if (!writesCores) return;
    expect(leftBehind(open.dir)).not.toEqual([]);
    expect(scan(open.dir, ["quetzalcoatlus"])).not.toEqual([]);
  });
});

(allowed ? describe : describe.skip)("a server", () => {
  afterEach(() => daybook.stop("SIGKILL"));

  it("has every process of its own write no core and open no inspector, and goes on", async () => {
    await daybook.up();
    const file = daybook.write("WhatsApp Chat with Ann.txt", EXPORT);
    await daybook.json(["import", file, "--custodian", "Ann"]);
    // Whoever seals large batches was started by then.
    while (nodesOf(daybook.server!.pid!).length < 2) await sleep(50);
    const pids = nodesOf(daybook.server!.pid!);
    const ports = pids.map(portsOf);
    for (const pid of pids) {
      expect(coreOf(pid)).toEqual(OFF);
      process.kill(pid, "SIGUSR1");
    }
    await sleep(500);
    expect(pids.map(portsOf)).toEqual(ports);
    expect(ports.flat()).not.toContain(9_229);
    expect(await daybook.json(["log", "fsck"])).toMatchObject({ ok: true });
    expect(leftBehind(daybook.dir)).toEqual([]);
  });

  it.each(FATAL)("leaves nothing behind when it is ended by %s, and starts again", async (signal) => {
    await daybook.up();
    const pids = nodesOf(daybook.server!.pid!);
    for (const pid of pids.reverse()) process.kill(pid, signal);
    await once(daybook.server!, "exit");
    expect(daybook.server!.signalCode).toBe(signal);
    expect(leftBehind(daybook.dir)).toEqual([]);
    await daybook.up();
    expect(await daybook.stop()).toBe(0);
  });
});
