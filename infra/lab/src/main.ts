import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startLab } from "./main-engines.ts";
import { installLab } from "./main-install.ts";

const USAGE = `npm run lab                 starts every engine that is installed, until Ctrl-C
npm run lab -- --json       the same, and says what runs in one JSON document
npm run lab -- --install    fetches and builds the engines\n`;
const FOREVER_MS = 2 ** 31 - 1;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

const stopping = new AbortController();
// The second signal is for a person who does not want to wait.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => (stopping.signal.aborted ? process.exit(1) : stopping.abort()));
}

async function run(json: boolean): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "daybook-lab-"));
  // After the hook that ends the engines, and so also when a second signal ends this process.
  process.once("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const lab = await startLab(dir, stopping.signal);
  try {
    for (const { name, why } of lab.missing) complain(`MISSING: ${name}: ${why}`);
    if (lab.engines.length === 0) return 1;
    const secrets = join(dir, "secrets.json");
    await writeFile(secrets, `${JSON.stringify(lab.secrets, undefined, 2)}\n`, { mode: 0o600 });
    if (json) say(JSON.stringify({ directory: dir, secrets, engines: lab.engines, missing: lab.missing }));
    else {
      for (const { name, pid, address } of lab.engines) say(`${name.padEnd(10)} ${address}  pid ${pid}`);
      say(`How to sign in: ${secrets}. Ctrl-C ends all.`);
    }
    await sleep(FOREVER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    return 0;
  } finally {
    await lab.stop();
  }
}

function options(): { json: boolean; install: boolean } | undefined {
  try {
    return parseArgs({
      options: { json: { type: "boolean", default: false }, install: { type: "boolean", default: false } },
    }).values;
  } catch {
    return undefined;
  }
}

const wanted = options();
if (!wanted) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (wanted.install) {
  process.exitCode = (await installLab(say, complain, stopping.signal)) === 0 ? 0 : 1;
} else process.exitCode = await run(wanted.json);
