import { randomBytes } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ComposeError } from "../error.ts";
import { codeOf, readJsonFile, writePrivateFile } from "./files.ts";
import { livenessOf, ownIdentity, type ProcessIdentity, processIdentity } from "./process.ts";

const PREFIX = "lock-";
const ATTEMPTS = 8;
const BEAT_MS = 2_000;
const SILENT_MS = 10_000;

/** A hold on a home. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a home for this process. Whoever wants it puts a file of its own beside the others' and then looks: of
 * two, the later one sees the earlier, so never do both go on, and no file is ever taken away from a process
 * that lives. A killed process leaves a file that the next one knows to be stale.
 *
 * @param directory the home's `run`
 * @throws {ComposeError} `home-in-use`, naming the process
 */
export async function takeLock(directory: string): Promise<Lock> {
  const path = join(directory, `${PREFIX}${randomBytes(8).toString("hex")}.json`);
  for (let attempt = 1; ; attempt += 1) {
    await writePrivateFile(path, JSON.stringify(ownIdentity()));
    const holder = await otherHolder(directory, path);
    if (!holder) return keep(path);
    await rm(path, { force: true });
    if (attempt === ATTEMPTS) throw inUse(holder);
    // Two that start at once both step back: by chance one is first the next time.
    await sleep(10 + Math.random() * 60);
  }
}

function keep(path: string): Lock {
  // Only processes of another container go by the file's time.
  const beat = setInterval(() => {
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return {
    release: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

async function otherHolder(directory: string, own: string): Promise<ProcessIdentity | "unknown" | undefined> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.startsWith(PREFIX) || !name.endsWith(".json") || path === own) continue;
    const identity = await readJsonFile(path, processIdentity);
    const alive = identity ? livenessOf(identity) : "elsewhere";
    if (alive === "alive" || (alive === "elsewhere" && (await isBeating(path)))) return identity ?? "unknown";
    await rm(path, { force: true });
  }
  return undefined;
}

/** Whether somebody goes on touching the file; known as soon as it is old, or has been touched once more. */
async function isBeating(path: string): Promise<boolean> {
  const first = await touchedAt(path);
  for (let latest = first; latest !== undefined; latest = await touchedAt(path)) {
    if (latest !== first) return true;
    if (Date.now() - latest > SILENT_MS) return false;
    await sleep(250);
  }
  return false;
}

async function touchedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (err) {
    if (codeOf(err) === "ENOENT") return undefined;
    throw err;
  }
}

function inUse(holder: ProcessIdentity | "unknown"): ComposeError {
  const who = holder === "unknown" ? "another process" : `process ${holder.pid}`;
  return new ComposeError(
    "home-in-use",
    `this home is in use by ${who}: stop that, or choose another with --home`,
  );
}
