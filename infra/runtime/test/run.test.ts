import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { started } from "../../../test/started.ts";
import { hardenProcess } from "../src/index.ts";

const directory = mkdtempSync(join(tmpdir(), "daybook-run-"));
afterAll(() => rmSync(directory, { recursive: true }));

function start(
  name: string,
  args: readonly string[],
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
) {
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, "programs", name), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
    // Some flags leave a file where the program runs.
    cwd: directory,
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const running = started(child);
  // Of some nobody asks whether they started.
  running.catch(() => undefined);
  return {
    child,
    running,
    result: async () => {
      const [[code, signal], [stdout, stderr]] = await Promise.all([ended, output]);
      const sentences = stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => (JSON.parse(line) as { message?: string }).message);
      return { code, signal, stdout, stderr, sentences };
    },
  };
}

describe("run", () => {
  it("ends with the service", async () => {
    expect(await start("service.ts", ["ends"]).result()).toMatchObject({
      code: 0,
      sentences: ["stopped"],
      stderr: "",
    });
  });

  it("ends with code 1 when the service fails, and does not say what with", async () => {
    const { code, sentences, stdout, stderr } = await start("service.ts", ["fails"]).result();

    expect([code, sentences]).toEqual([1, ["failed"]]);
    expect(stdout + stderr).not.toContain("noon");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("lets the service finish on %s", async (signal) => {
    const service = start("service.ts", ["stops when told"]);
    await service.running;
    service.child.kill(signal);

    expect(await service.result()).toMatchObject({ code: 0, sentences: ["running", "stopping", "stopped"] });
  });

  it("ends with code 1 a service that takes longer than its grace", async () => {
    const service = start("service.ts", ["never stops"]);
    await service.running;
    service.child.kill("SIGTERM");

    expect(await service.result()).toMatchObject({ code: 1, sentences: ["running", "stopping"] });
  });

  it("ends with code 1 a service that ended and left something running", async () => {
    expect(await start("service.ts", ["leaves something running"]).result()).toMatchObject({ code: 1 });
  });

  it.each(["forgets an error", "forgets a promise"])(
    "stops a service that %s, without printing what it says",
    async (name) => {
      const { code, sentences, stdout, stderr } = await start("service.ts", [name]).result();

      expect(code).toBe(1);
      expect(sentences).toEqual(expect.arrayContaining(["failed", "finished"]));
      expect(stdout + stderr).not.toContain("noon");
    },
  );
});

describe("hardenProcess", () => {
  it("leaves no way to write memory down", async () => {
    const file = join(directory, "made");
    const { stdout } = await start("hardened.ts", [file]).result();

    expect(JSON.parse(stdout)).toEqual({
      hardening:
        process.platform === "linux"
          ? { coreDumps: "off", coreMemory: "left-out" }
          : (expect.anything() as unknown),
      inspector: null,
      report: [false, false, false],
      limits: "0",
      child: "0",
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    { flags: ["--inspect=0"] },
    { flags: ["--heapsnapshot-signal=SIGUSR2"] },
    { flags: ["--heapsnapshot_signal=SIGUSR2"] },
    { flags: ["--report-on-fatalerror"] },
    { flags: ["--abort-on-uncaught-exception"] },
    { flags: ["--cpu-prof", `--cpu-prof-dir=${directory}`] },
    { flags: ["--trace-event-categories=node"] },
    { flags: [], env: { NODE_OPTIONS: "--max-old-space-size=512  --heapsnapshot-near-heap-limit=1" } },
    { flags: [], env: { NODE_OPTIONS: "--tls-keylog=/dev/null" } },
    { flags: [], env: { NODE_DEBUG: "http" } },
    { flags: [], env: { DEBUG: "*" } },
    { flags: [], env: { DEBUG: "express:router" } },
  ])("refuses $flags $env", async ({ flags, env }) => {
    const { stdout } = await start("hardened.ts", [join(directory, "never")], flags, env).result();

    expect(stdout).toMatch(/^unsafe-process: start it with/m);
  });

  it("does not mind what is harmless", () => {
    const start = {
      execArgv: ["--max-old-space-size=512", "--no-warnings"],
      env: { NODE_OPTIONS: "--experimental-vm-modules", DEBUG: "mine" },
      inspectorUrl: undefined,
    };

    expect(() => hardenProcess(start)).not.toThrow();
  });

  it("refuses an inspector that was opened from within", () => {
    expect(() => hardenProcess({ execArgv: [], env: {}, inspectorUrl: "ws://127.0.0.1:9229/x" })).toThrow(
      /inspector/,
    );
  });
});
