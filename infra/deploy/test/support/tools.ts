import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cachedProgram, pythonProgram } from "@daybook/lab";

export const DEPLOY = join(import.meta.dirname, "..", "..");
export const ROOT = join(DEPLOY, "..", "..");

/** Where a checker is: in the lab, or on this machine. */
function find(name: string): string | undefined {
  const inPath = (process.env.PATH ?? "").split(delimiter).map((dir) => join(dir, name));
  return cachedProgram(name) ?? pythonProgram(name) ?? [...inPath, `/usr/sbin/${name}`].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Describes what a checker says. Where it is missing, that is one loud line, and the tests are skipped. */
export function describeWith(
  names: readonly string[],
  about: string,
  body: (paths: Readonly<Record<string, string>>) => void,
): void {
  const missing = names.filter((name) => find(name) === undefined);
  if (missing.length > 0) {
    console.warn(
      `${missing.join(", ")}: not here (npm run lab -- --install, .ci/run): its tests are SKIPPED`,
    );
  }
  const paths = Object.fromEntries(names.map((name) => [name, find(name) ?? name]));
  (missing.length === 0 ? describe : describe.skip)(about, () => body(paths));
}

const run = promisify(execFile);

/** Runs a checker to its end. @throws {Error} with what it said, when it found fault */
export async function check(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd: DEPLOY, maxBuffer: 64 * 1024 * 1024, ...options });
    return stdout;
  } catch (cause) {
    const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`, { cause });
  }
}
