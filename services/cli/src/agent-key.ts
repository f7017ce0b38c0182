import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "./error.ts";
import { writeDurably } from "./keys/write-durably.ts";

const KEY_BYTES = 32;
const COMMAND_MS = 30_000;

/**
 * The key that seals what an agent on this Mac keeps: what a program prints, from the keychain say; else that of `agent.key`
 * in its home, which is made where the home is new.
 *
 * @returns 32 bytes
 * @throws {CliError}
 */
export async function agentKey(
  dir: string,
  { keyCommand, isNew }: { readonly keyCommand?: string | undefined; readonly isNew: boolean },
): Promise<Uint8Array> {
  if (isNew) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
  }
  const key = Buffer.from(keyCommand ? await printed(keyCommand) : await inFile(dir, isNew), "base64");
  if (key.length !== KEY_BYTES) throw new CliError("the agent's key is not 32 bytes in base64");
  return key;
}

async function printed(program: string): Promise<string> {
  try {
    return (await promisify(execFile)(program, [], { timeout: COMMAND_MS })).stdout.trim();
  } catch (cause) {
    throw new CliError(`${program} gave no key`, { cause });
  }
}

async function inFile(dir: string, isNew: boolean): Promise<string> {
  const path = join(dir, "agent.key");
  const kept = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (kept !== undefined) return kept.trim();
  if (!isNew) throw new CliError(`there is no agent in ${dir}: run \`daybook agent enrol\` first`);
  const made = randomBytes(KEY_BYTES).toString("base64");
  await writeDurably(path, `${made}\n`);
  return made;
}
