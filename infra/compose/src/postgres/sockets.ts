import { chown, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { ComposeError } from "../error.ts";
import type { Account } from "./account.ts";

// sun_path takes 108 bytes on Linux and 104 on macOS, one of them the end; `/.s.PGSQL.5432` is added.
const LONGEST = 103 - "/.s.PGSQL.5432".length;
const PREFIX = "daybook-pg-";
const ABANDONED_MS = 10 * 60_000;

/**
 * Makes a directory for the server's socket: short, and for its account alone. A socket in the home itself could
 * have too long a name, and would be out of reach of a server that root started.
 *
 * @param record a file that keeps its name, so that what a killed process left can be taken away
 * @throws {ComposeError} `postgres-unavailable`
 */
export async function makeSocketDirectory(
  record: string,
  as: Account | undefined,
  places: readonly string[] = usualPlaces(),
): Promise<string> {
  await removeOld(record, places);
  for (const place of places) {
    // A comma or a quote would have a meaning in the server's setting.
    if (!/^\/[\w./-]*$/.test(place) || place.length + PREFIX.length + 7 > LONGEST) continue;
    const made = await mkdtemp(join(place, PREFIX)).catch(() => undefined);
    if (made === undefined) continue;
    await sweep(place);
    await writeFile(record, made, { mode: 0o600 });
    if (as) await chown(made, as.uid, as.gid);
    return made;
  }
  throw new ComposeError(
    "postgres-unavailable",
    "no directory with a short name is writable: set TMPDIR to one",
  );
}

function usualPlaces(): string[] {
  const own = userInfo().uid === 0 ? "/run" : process.env.XDG_RUNTIME_DIR;
  return [...(own ? [own] : []), tmpdir(), "/tmp"];
}

/** Takes away what killed processes left whose home is gone. Only what is empty, which a running server's is not. */
async function sweep(place: string): Promise<void> {
  for (const name of await readdir(place).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(place, name);
    const made = await stat(path).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > ABANDONED_MS) await rmdir(path).catch(() => undefined);
  }
}

async function removeOld(record: string, places: readonly string[]): Promise<void> {
  const old = await readFile(record, "utf8").catch(() => undefined);
  if (old === undefined) return;
  if (places.includes(dirname(old)) && basename(old).startsWith(PREFIX)) {
    await rm(old, { recursive: true, force: true });
  }
  await rm(record, { force: true });
}
