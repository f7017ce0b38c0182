import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { whyNot } from "../src/main-engines.ts";
import { kafkaLibraries } from "../src/kafka-install.ts";
import { cachedProgram } from "../src/cache.ts";
import { hasPostgres } from "./has-postgres.ts";

interface Document {
  directory: string;
  secrets: string;
  engines: { name: string; pid: number; address: string }[];
  missing: { name: string; why: string }[];
}

const main = join(import.meta.dirname, "../src/main.ts");
const installed = [
  ...(kafkaLibraries() ? ["kafka"] : []),
  ...["minio", "versitygw"].filter((name) => cachedProgram(name)),
  ...(hasPostgres ? ["postgres"] : []),
  ...(cachedProgram("toxiproxy-server") ? ["toxiproxy"] : []),
].sort();
const names = ["kafka", "minio", "postgres", "toxiproxy", "versitygw"];
const absent = names.filter((name) => !installed.includes(name));
if (absent.length > 0) {
  console.warn(
    `not installed: ${absent.join(", ")} (npm run lab -- --install): tests of the lab are SKIPPED`,
  );
}

let scratch: string;
let running: { child: ChildProcess; ended: Promise<unknown> } | undefined;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lab-command-"));
});
afterEach(async () => {
  running?.child.kill("SIGTERM");
  await running?.ended;
  await rm(scratch, { recursive: true });
});

function lab(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return run(process.execPath, [main, ...args], env);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: scratch, ...env },
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (bytes) => (said.out += String(bytes)));
  child.stderr.on("data", (bytes) => (said.err += String(bytes)));
  const ended = once(child, "close").then(([code, by]) => (by ?? code) as number | string);
  running = { child, ended };
  return { child, said, ended };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Engines of which a process still works in a directory under `dir`: each does in its own. */
function enginesUnder(dir: string): string[] {
  const places = readdirSync("/proc").flatMap((pid) => {
    try {
      const [, name] = readlinkSync(`/proc/${pid}/cwd`)
        .slice(dir.length + 1)
        .split("/");
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir) ? [name ?? ""] : [];
    } catch {
      return [];
    }
  });
  return [...new Set(places)].sort();
}

const whole = absent.length === 0 ? it : it.skip;

whole.each(["SIGINT", "SIGTERM"] as const)(
  "starts all that is installed, and after %s leaves no process and no file",
  async (signal) => {
    const { child, said, ended } = lab(["--json"]);
    while (!said.out.endsWith("\n") && child.exitCode === null) await sleep(20);
    const found = JSON.parse(said.out) as Document;
    expect(found.engines.map(({ name }) => name).sort()).toEqual(installed);
    expect(found.missing).toEqual([]);
    expect(found.engines.every(({ pid }) => isRunning(pid))).toBe(true);
    expect(enginesUnder(scratch)).toEqual(installed);
    expect(statSync(found.secrets).mode & 0o777).toBe(0o600);
    const text = readFileSync(found.secrets, "utf8");
    const secrets = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(secrets).sort()).toEqual(["kafka", "minio", "postgres", "versitygw"]);
    const words = [...text.matchAll(/"(?:password|secretAccessKey)": "(\w+)"/g)].map(([, word]) => word);
    expect(words).toHaveLength(6);
    for (const word of words) expect(said.out).not.toContain(word);

    child.kill(signal);
    expect(await ended).toBe(0);
    expect(found.engines.filter(({ pid }) => isRunning(pid))).toEqual([]);
    expect(enginesUnder(scratch)).toEqual([]);
    expect(await readdir(scratch)).toEqual([]);
  },
  120_000,
);

whole(
  "leaves nothing either when it is npm that is told",
  async () => {
    const { child, said, ended } = run("npm", ["run", "--silent", "lab"]);
    while (!said.out.includes("Ctrl-C") && child.exitCode === null) await sleep(20);
    child.kill("SIGTERM");

    await ended;
    expect(enginesUnder(scratch)).toEqual([]);
    // npm keeps something of its own there.
    expect((await readdir(scratch)).filter((name) => name.startsWith("daybook-lab-"))).toEqual([]);
  },
  120_000,
);

whole(
  "leaves nothing either when it is told twice while it starts",
  async () => {
    const { child, ended } = lab([]);
    while ((await readdir(scratch)).length === 0) await sleep(5);
    const [place] = await readdir(scratch);
    while (!existsSync(join(scratch, place!, "kafka/kafka.log"))) await sleep(5);
    child.kill("SIGTERM");
    await sleep(50);
    child.kill("SIGTERM");

    expect([0, 1]).toContain(await ended);
    while (enginesUnder(scratch).length > 0) await sleep(20);
    expect(await readdir(scratch)).toEqual([]);
  },
  120_000,
);

whole(
  "starts the rest where a program of some engines is missing, and names it",
  async () => {
    const { child, said, ended } = lab(["--json"], { PATH: scratch });
    while (!said.out.endsWith("\n") && child.exitCode === null) await sleep(20);

    expect((JSON.parse(said.out) as Document).engines).toHaveLength(installed.length - 2);
    const missing = ["postgres", "kafka"].map((name) => `MISSING: ${name}: openssl is missing: install it\n`);
    expect(said.err).toBe(missing.join(""));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  },
  120_000,
);

it("makes one line of a long complaint", () => {
  const trace = [
    "kafka did not start: first",
    "\tat kafka.Kafka(Kafka.scala:98)",
    "Caused by: last",
    "\t... 6 more",
  ];

  expect(whyNot(new Error(trace.join("\n")))).toBe("kafka did not start: first ... Caused by: last");
});

it("says in one line each what is not installed, and ends", async () => {
  const { said, ended } = lab([], { DAYBOOK_LAB: join(scratch, "none"), PATH: scratch });

  expect(await ended).toBe(1);
  const lines = said.err.trim().split("\n").sort();
  expect(lines).toEqual(
    names.map((name) =>
      name === "postgres"
        ? "MISSING: postgres: openssl is missing: install it"
        : `MISSING: ${name}: not installed: run \`npm run lab -- --install\``,
    ),
  );
  expect(await readdir(scratch)).toEqual([]);
});

it("says in one line each what it cannot install, tries the rest, and fails", async () => {
  const { said, ended } = lab(["--install"], { DAYBOOK_LAB: join(scratch, "none"), PATH: scratch });

  expect(await ended).toBe(1);
  expect(said.err.trim().split("\n")).toEqual([
    "MISSING: kafka: java is missing: install it",
    "MISSING: jsmpp: java is missing: install it",
    "MISSING: toxiproxy-server: go is missing: install Go 1.25 or later",
    "MISSING: versitygw: go is missing: install Go 1.25 or later",
    "MISSING: minio: go is missing: install Go 1.25 or later",
    "MISSING: litewitness: go is missing: install Go 1.25 or later",
    "MISSING: helm: go is missing: install Go 1.25 or later",
    "MISSING: compose-check: go is missing: install Go 1.25 or later",
    "MISSING: imessage-exporter: cargo is missing: install Rust 1.88 or later (rustup.rs; Debian 12's is too old)",
    "MISSING: checkers in Python: python3 is missing: install it",
    "MISSING: Jasmin: python3 is missing: install it",
  ]);
});

it("shows how it is used when it is asked for something else", async () => {
  const { said, ended } = lab(["--instal"]);

  expect(await ended).toBe(2);
  expect(said.err).toContain("npm run lab -- --install");
});
