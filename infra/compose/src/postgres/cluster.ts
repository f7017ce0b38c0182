import { chownSync, closeSync, constants, lchownSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { chown, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ComposeError } from "../error.ts";
import type { Account, Accounts } from "./account.ts";
import type { Launcher } from "./launch.ts";

/** The superuser: initdb's. It has no password once `daybook` is set up, so nobody can sign in as it. */
export const SUPERUSER = "postgres";

/** A directory as a program of PostgreSQL is given it. */
export interface Passed {
  readonly path: string;
  readonly fds: readonly number[];
  close(): void;
}

/**
 * Passes a directory to a program that runs as `as`. Where root starts it on Linux, that is an open descriptor:
 * so its files may lie under directories that only root may enter, without any right to enter them.
 *
 * @param position the number that the descriptor will have in the program
 */
export function passDirectory(directory: string, as: Account | undefined, position = 3): Passed {
  if (as === undefined || process.platform !== "linux")
    return { path: directory, fds: [], close: () => undefined };
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  return { path: `/proc/self/fd/${position}`, fds: [fd], close: () => closeSync(fd) };
}

/**
 * Makes a cluster: UTF-8, PostgreSQL's own C.UTF-8 order (the same on every machine), checksums, passwords. Durable
 * unless told that it need not be, and under its name only when whole.
 *
 * @param verifier of the superuser's first password
 * @param scratch a directory of the server's account, for the file that initdb reads that from
 * @throws {ComposeError} `postgres-failed`
 */
export async function createCluster(options: {
  launcher: Launcher;
  native: string;
  directory: string;
  accounts: Accounts | undefined;
  verifier: string;
  scratch: string;
  durable?: boolean;
}): Promise<void> {
  const { launcher, native, directory, accounts, verifier, scratch, durable = true } = options;
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const passwordFile = join(scratch, "verifier");
  await writeFile(passwordFile, `${verifier}\n`, { mode: 0o600, flag: "wx" });
  const setup = accounts?.setup;
  if (setup) for (const path of [draft, scratch, passwordFile]) chownSync(path, setup.uid, setup.gid);

  const passed = passDirectory(draft, setup);
  try {
    const settings = [
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
    ];
    const access = [`--username=${SUPERUSER}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const manner = ["--data-checksums", "--no-instructions", ...(durable ? [] : ["--no-sync"])];
    const args = ["-D", passed.path, ...settings, ...access, ...manner];
    const { ok, output } = await launcher.run(join(native, "bin/initdb"), args, {
      as: setup,
      fds: passed.fds,
    });
    if (!ok)
      throw new ComposeError("postgres-failed", `PostgreSQL's files cannot be made: ${reason(output)}`);
  } finally {
    passed.close();
    await rm(passwordFile, { force: true });
  }
  if (accounts) {
    giveAll(draft, accounts.server);
    await chown(scratch, accounts.server.uid, accounts.server.gid);
  }
  await rename(draft, directory);
}

/** @throws {ComposeError} `postgres-failed` when the files are of another PostgreSQL, or not a cluster at all */
export async function hasCluster(directory: string, native: string): Promise<boolean> {
  if (!(await stat(directory).catch(() => undefined))) return false;
  const found = (await readFile(join(directory, "PG_VERSION"), "utf8").catch(() => "")).trim();
  const wanted = (await readFile(join(native, "share/postgresql/postgres.bki"), "utf8").catch(() => ""))
    .slice(0, 40)
    .match(/^# PostgreSQL (\d+)/)?.[1];
  if (found !== "" && (wanted === undefined || found === wanted)) return true;
  throw new ComposeError(
    "postgres-failed",
    found === ""
      ? `${directory} cannot be read, or is damaged: start as its owner; if it is lost, move it away and run \`daybook rebuild\``
      : `${directory} is of PostgreSQL ${found}, this is ${wanted ?? "another"}: move it away and run \`daybook rebuild\``,
  );
}

/** Why initdb failed: what it says last is only that it cleans up. */
function reason(output: string): string {
  if (/No space left on device/.test(output)) return "the disk is full: make room";
  const lines = output.trim().split("\n");
  return lines.find((line) => line.includes("error:")) ?? lines.at(-1) ?? "";
}

function giveAll(directory: string, { uid, gid }: Account): void {
  chownSync(directory, uid, gid);
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), uid, gid);
  }
}
