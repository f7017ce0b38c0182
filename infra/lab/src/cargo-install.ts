import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory, cachedProgram } from "./cache.ts";
import type { Installing } from "./install.ts";

/** A program of crates.io, in one pinned version. */
export interface CargoProgram {
  readonly name: string;
  readonly version: string;
}

export const CARGO_PROGRAMS: readonly CargoProgram[] = [
  // GPL: it judges what our own reader makes of a messages database, and nothing of it is used.
  { name: "imessage-exporter", version: "5.0.1" },
];

const INSTALL_MS = 20 * 60_000;
const run = promisify(execFile);

/**
 * Builds a program into the lab's cache, with the versions of its libraries that its author locked. It appears there
 * whole or not at all, and is not built again in the same version: may be repeated.
 *
 * @returns whether it had to be built
 * @throws {Error} which says what is missing
 */
export async function installCargoProgram(
  { name, version }: CargoProgram,
  { env = process.env, signal }: Installing = {},
): Promise<boolean> {
  const cache = cacheDirectory(env);
  const bin = join(cache, "bin");
  const marker = join(bin, `${name}.version`);
  const wanted = `${name}@${version}`;
  const found = await readFile(marker, "utf8").catch(() => "");
  if (found.trim() === wanted && cachedProgram(name, env)) return false;

  await mkdir(bin, { recursive: true });
  const building = await mkdtemp(join(cache, "building-"));
  try {
    await cargoInstall(name, version, building, env, signal);
    // The marker goes first and comes back last, so that it never names a version that is not there.
    await rm(marker, { force: true });
    await rename(join(building, "bin", name), join(bin, name));
    await writeFile(marker, `${wanted}\n`);
    return true;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function cargoInstall(
  name: string,
  version: string,
  root: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  const options = {
    env: { ...env, CARGO_TARGET_DIR: join(root, "target") },
    timeout: INSTALL_MS,
    maxBuffer: 64 * 1024 * 1024,
    ...(signal && { signal }),
  };
  try {
    await run(
      "cargo",
      ["install", name, "--version", version, "--locked", "--quiet", "--root", root],
      options,
    );
  } catch (error) {
    throw new Error(whatIsMissing(error), { cause: error });
  }
}

function whatIsMissing(error: unknown): string {
  const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
  if (code === "ENOENT")
    return "cargo is missing: install Rust 1.88 or later (rustup.rs; Debian 12's is too old)";
  const said = stderr.split("\n").filter((line) => line.trim() !== "");
  return said.find((line) => line.startsWith("error")) ?? said.at(-1) ?? "cargo said nothing";
}
