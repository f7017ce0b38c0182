import { createHash } from "node:crypto";
import { lstat, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { codeOf, makePrivateDirectory, readJsonFile, writePrivateFile } from "./files.ts";
import { livenessOf, processIdentity } from "./process.ts";

/** In a home, for as long as a server holds it. */
export const RUNTIME_FILE = "run/runtime.json";

/** A server that runs on this machine for this user. */
export interface RunningServer {
  readonly home: string;
  readonly url: string;
  readonly pid: number;
}

const announcement = z.strictObject({
  home: z.string().max(4_096),
  url: z.url({ protocol: /^https?$/ }).max(200),
  process: processIdentity,
});

const runtimeFacts = announcement.pick({ url: true, process: true }).strip();

type Announcement = z.infer<typeof announcement>;

/**
 * The servers of this user that run now. Takes away what killed ones left behind.
 *
 * @param env `XDG_STATE_HOME`, else the user's home directory, says where they are written down
 */
export async function findServers(env: NodeJS.ProcessEnv = process.env): Promise<RunningServer[]> {
  const directory = await registry(env);
  const servers: RunningServer[] = [];
  for (const name of directory ? await namesIn(directory) : []) {
    const path = join(directory ?? "", name);
    const entry = await readJsonFile(path, announcement);
    if (entry && livenessOf(entry.process) === "alive") {
      servers.push({ home: entry.home, url: entry.url, pid: entry.process.pid });
    } else if (!entry || livenessOf(entry.process) === "dead") {
      await rm(path, { force: true });
    }
  }
  return servers.sort((a, b) => (a.home < b.home ? -1 : 1));
}

/**
 * The server that holds this home, by the runtime file in it: found also when it was started with another list
 * of servers. Undefined when none does, or the one that wrote the file was killed.
 */
export async function serverOf(home: string): Promise<RunningServer | undefined> {
  const entry = await readJsonFile(join(home, RUNTIME_FILE), runtimeFacts);
  if (!entry || livenessOf(entry.process) !== "alive") return undefined;
  return { home, url: entry.url, pid: entry.process.pid };
}

/** Writes a server down where `findServers` looks. @returns takes it away again */
export async function announceServer(
  entry: Announcement,
  env: NodeJS.ProcessEnv = process.env,
): Promise<() => Promise<void>> {
  const directory = await registry(env);
  if (!directory) return () => Promise.resolve();
  const path = join(directory, `${createHash("sha256").update(entry.home).digest("hex").slice(0, 32)}.json`);
  await writePrivateFile(path, JSON.stringify(entry));
  return () => rm(path, { force: true });
}

/** The first place that is, or can be made, this user's alone. */
async function registry(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const places = [
    join(env.XDG_STATE_HOME ?? join(env.HOME ?? homedir(), ".local/state"), "daybook/servers"),
    join(tmpdir(), `daybook-${userInfo().uid}`),
  ];
  for (const place of places) {
    if (await isOwn(place)) return place;
  }
  return undefined;
}

async function isOwn(path: string): Promise<boolean> {
  try {
    const before = await lstat(path).catch(() => undefined);
    // In a shared directory, somebody else may have been there first, with a link to a place of ours.
    if (before && (!before.isDirectory() || before.uid !== userInfo().uid)) return false;
    await makePrivateDirectory(path);
    const after = await lstat(path);
    return after.isDirectory() && after.uid === userInfo().uid;
  } catch {
    return false;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(".json"));
  } catch (err) {
    if (codeOf(err) === "ENOENT") return [];
    throw err;
  }
}
