import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { started } from "../../../../test/started.ts";
import { endThoseIn, endTree, memoryOf } from "../../src/process/tree.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process with a child of its own, which is in another group. */
async function parent(...args: string[]): Promise<{ pid: number; grandchild: number }> {
  const program = `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { detached: true });
    console.log(child.pid);
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["-e", program, "--", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return { pid: child.pid!, grandchild: Number(await started(child)) };
}
const runs = (pid: number) => memoryOf(pid) > 0;
const ended = async (pid: number) => {
  while (runs(pid)) await sleep(10);
};

it("counts the memory of a process and of what came of it", async () => {
  const { pid, grandchild } = await parent();
  while (!runs(grandchild)) await sleep(10);
  process.kill(grandchild, "SIGSTOP");
  const [part, whole] = [memoryOf(grandchild), memoryOf(pid)];
  endTree(pid);

  expect(part).toBeGreaterThan(100_000);
  expect(whole).toBeGreaterThan(part);
  expect(memoryOf(2 ** 30)).toBe(0);
});

it("ends a process with all that came of it, in whatever group, also where it is stopped", async () => {
  const { pid, grandchild } = await parent();
  process.kill(grandchild, "SIGSTOP");
  endTree(pid);
  await ended(grandchild);
  await ended(pid);
});

it("ends those that were told to work in a folder, and in no other that begins alike", async () => {
  const inIt = await parent("--user-data-dir=/tmp/daybook-a");
  const beside = await parent("--user-data-dir=/tmp/daybook-ab");
  process.kill(inIt.grandchild, "SIGKILL");

  expect(endThoseIn("/tmp/daybook-a")).toBe(1);
  await ended(inIt.pid);
  expect(runs(beside.pid)).toBe(true);
  endTree(beside.pid);
  expect(endThoseIn("/tmp/daybook-a")).toBe(0);
});
