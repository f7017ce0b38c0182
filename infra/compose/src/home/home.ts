import { randomUUID } from "node:crypto";
import { readdir, realpath, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ComposeError } from "../error.ts";
import { codeOf, makePrivateDirectory, readJsonFile, writePrivateFile } from "./files.ts";
import { type Lock, takeLock } from "./lock.ts";
import { ownIdentity } from "./process.ts";
import { announceServer, RUNTIME_FILE } from "./servers.ts";

const FORMAT = 1;
const FACTS = "daybook.json";

const DIRECTORIES = [
  "run",
  "keys",
  "stream",
  "objects",
  "heads",
  "keyring",
  "postgres",
  "spool",
  "packages",
  "logs",
] as const;

const homeFacts = z.strictObject({
  format: z.literal(FORMAT),
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  /** Whether it holds the made-up week of a trial. */
  sample: z.boolean(),
  /** Fixed for the life of the home: accounts are spread over them. */
  shards: z.int().positive(),
  /** The first part of the origin of every log. */
  deployment: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
});

/** What was decided when the home was made, in `daybook.json`. */
export type HomeFacts = Readonly<z.infer<typeof homeFacts>>;

/** A home that this process holds. */
export interface Home {
  /** Absolute, without links. */
  readonly dir: string;
  readonly facts: HomeFacts;
  /** Whether this call made it. */
  readonly isNew: boolean;
  readonly paths: Readonly<Record<(typeof DIRECTORIES)[number], string>>;
  /** Lets commands find the server: writes `run/runtime.json`, and the user's list of servers. */
  announce(server: { url: string; port: number }): Promise<void>;
  /** Takes the announcement back and lets the home go. May be repeated. */
  close(): Promise<void>;
}

/**
 * Opens a home for this process alone, and lays it out where there is none: directories 0700, files 0600.
 *
 * @param dir made if missing; an existing one must be a home, or empty
 * @param options.create false: open only what exists
 * @param options.sample true: only a home for trials will do, and a new one is marked so for ever
 * @throws {ComposeError} `home-in-use`, `home-foreign`, `home-missing`, `home-unusable`, `home-version`
 */
export async function openHome(
  dir: string,
  options: { sample?: boolean; create?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Home> {
  let lock: Lock | undefined;
  try {
    const path = await prepare(resolve(dir), options.create ?? true);
    lock = await takeLock(join(path, "run"));
    const existing = await readFacts(path);
    if (existing && options.sample === true && !existing.sample) {
      throw new ComposeError("home-foreign", `${path} is a real archive: the sample needs a home of its own`);
    }
    const facts = existing ?? (await writeFacts(path, options.sample ?? false));
    for (const name of DIRECTORIES) await makePrivateDirectory(join(path, name));
    return holdHome(path, facts, existing === undefined, lock, options.env);
  } catch (err) {
    await lock?.release();
    throw err instanceof ComposeError ? err : unusable(dir, err);
  }
}

/** Makes sure that `path` may be locked: is a home, or may become one. */
async function prepare(path: string, create: boolean): Promise<string> {
  const entries = await entriesOf(path);
  if (!entries?.includes(FACTS)) {
    if (!create) throw new ComposeError("home-missing", `there is no Daybook home at ${path}`);
    // What an interrupted first start leaves is no reason to refuse the second.
    const foreign = entries?.filter((name) => name !== "run" && !name.startsWith(`${FACTS}.`)) ?? [];
    if (foreign.length > 0) {
      throw new ComposeError(
        "home-foreign",
        `${path} is not empty and not a Daybook home: choose another with --home`,
      );
    }
  }
  await makePrivateDirectory(path);
  await makePrivateDirectory(join(path, "run"));
  return realpath(path);
}

async function entriesOf(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (err) {
    if (codeOf(err) === "ENOENT") return undefined;
    if (codeOf(err) === "ENOTDIR") {
      throw new ComposeError("home-foreign", `${path} is not a directory: choose another with --home`);
    }
    throw err;
  }
}

async function readFacts(path: string): Promise<HomeFacts | undefined> {
  const file = join(path, FACTS);
  const format = await readJsonFile(file, z.object({ format: z.int() }));
  if (format && format.format !== FORMAT) {
    throw new ComposeError(
      "home-version",
      `${path} has format ${format.format}, this version works with ${FORMAT}: use the version that made it`,
    );
  }
  const facts = await readJsonFile(file, homeFacts);
  if (facts) return facts;
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  throw new ComposeError("home-foreign", `${file} is damaged, or not Daybook's: restore it from a copy`);
}

async function writeFacts(path: string, sample: boolean): Promise<HomeFacts> {
  const id = randomUUID();
  const facts: HomeFacts = {
    format: FORMAT,
    id,
    createdAt: new Date().toISOString(),
    sample,
    shards: 1,
    deployment: `${sample ? "sample" : "daybook"}-${id.slice(0, 8)}`,
  };
  await writePrivateFile(join(path, FACTS), `${JSON.stringify(facts, undefined, 2)}\n`);
  return facts;
}

function holdHome(
  dir: string,
  facts: HomeFacts,
  isNew: boolean,
  lock: Lock,
  env: NodeJS.ProcessEnv | undefined,
): Home {
  const runtime = join(dir, RUNTIME_FILE);
  let withdraw: (() => Promise<void>) | undefined;
  const paths = Object.fromEntries(DIRECTORIES.map((name) => [name, join(dir, name)]));
  return {
    dir,
    facts,
    isNew,
    paths: paths as Home["paths"],
    announce: async ({ url, port }) => {
      const process = ownIdentity();
      const startedAt = new Date().toISOString();
      await writePrivateFile(runtime, JSON.stringify({ pid: process.pid, port, url, startedAt, process }));
      withdraw = await announceServer({ home: dir, url, process }, env);
    },
    close: async () => {
      await withdraw?.();
      await rm(runtime, { force: true });
      await lock.release();
    },
  };
}

function unusable(dir: string, cause: unknown): ComposeError {
  const code = codeOf(cause);
  const why =
    code === "EACCES" || code === "EPERM"
      ? "this user may not read and write it: start as its owner, or choose another with --home"
      : code === "ENOSPC" || code === "EDQUOT"
        ? "the disk is full: make room"
        : code === "EROFS"
          ? "it is on a file system that cannot be written to: choose another with --home"
          : `it cannot be used (${code ?? "unknown reason"}): choose another with --home`;
  return new ComposeError("home-unusable", `${resolve(dir)}: ${why}`, { cause });
}
