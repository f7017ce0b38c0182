import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "./cache.ts";

const INSTALL_MS = 300_000;

/** What an engine in Java consists of. */
export interface MavenList {
  /** Of the folder in the cache. */
  readonly name: string;
  /** For errors. */
  readonly title: string;
  /** The file that lists its jars. */
  readonly pom: string;
}

/** Where the jars are of the list that is in force; undefined until `installLibraries` has put them there. */
export function librariesOf(list: MavenList, env?: NodeJS.ProcessEnv): string | undefined {
  const path = placeOf(list, env);
  return existsSync(path) ? path : undefined;
}

/** Another list is another place: who has started an engine of the old one keeps it. */
function placeOf({ name, pom }: MavenList, env?: NodeJS.ProcessEnv): string {
  const list = createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 8);
  return join(cacheDirectory(env), name, `libs-${list}`);
}

/**
 * Has Maven copy an engine's jars into the lab's cache. Does nothing where they are; may be repeated, also after
 * it was cut off.
 *
 * @throws {Error} when Maven is missing or fails, with what it said
 */
export async function installLibraries(of: MavenList, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (librariesOf(of, env)) return;
  const home = join(cacheDirectory(env), of.name);
  const fresh = join(home, `new-${process.pid}`);
  await mkdir(home, { recursive: true });
  try {
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${fresh}`];
    await promisify(execFile)("mvn", ["-q", "-B", "-f", of.pom, ...goal], { timeout: INSTALL_MS, env });
    await rename(fresh, placeOf(of, env));
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    // Another process may have installed it meanwhile.
    if (librariesOf(of, env)) return;
    const { stdout = "", message } = cause as Error & { stdout?: string };
    throw new Error(
      `${of.title} could not be installed: have Maven (mvn) and Java 17 or later, and repeat. ${stdout || message}`,
      { cause },
    );
  }
}
