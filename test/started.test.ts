import { spawn } from "node:child_process";
import { once } from "node:events";
import { started } from "./started.ts";

const run = (program: string) =>
  spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });

it("is what a process says first", async () => {
  const child = run("console.log(4711); setInterval(() => {}, 1e6)");
  expect(await started(child)).toBe("4711");
  child.kill("SIGKILL");
  await once(child, "close");
});

it("waits for no process that has ended", async () => {
  await expect(started(run("process.exit(3)"))).rejects.toThrow("a process ended that was to start: 3");
});
