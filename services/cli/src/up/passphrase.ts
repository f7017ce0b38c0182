import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CliError } from "../error.ts";

const MIN_CHARACTERS = 12;

/**
 * The passphrase of a home's private key: from `DAYBOOK_PASSPHRASE_FILE`, from the descriptor that
 * `DAYBOOK_PASSPHRASE_FD` names, or asked for on the terminal; never from an argument. A sample's lies beside
 * its key, which protects nothing.
 *
 * @param first whether it is being chosen: then it must be long enough, and is asked for twice
 * @throws {CliError} when there is none to be had
 */
export async function passphraseOf(
  keysDir: string,
  { sample, first, env }: { sample: boolean; first: boolean; env: NodeJS.ProcessEnv },
): Promise<string> {
  if (sample) return samplePassphrase(keysDir, first);
  const given = await fromEnvironment(env);
  const passphrase = given ?? (await ask(first));
  if (first && passphrase.length < MIN_CHARACTERS) {
    throw new CliError(`the passphrase needs at least ${MIN_CHARACTERS} characters`);
  }
  return passphrase;
}

async function samplePassphrase(keysDir: string, first: boolean): Promise<string> {
  const path = join(keysDir, "passphrase");
  if (first) await writeFile(path, `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  return (await readFile(path, "utf8")).trimEnd();
}

async function fromEnvironment(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = env.DAYBOOK_PASSPHRASE_FILE;
  const descriptor = env.DAYBOOK_PASSPHRASE_FD;
  if (!file && !descriptor) return undefined;
  if (descriptor && !/^\d{1,4}$/.test(descriptor))
    throw new CliError("DAYBOOK_PASSPHRASE_FD must be a descriptor's number");
  try {
    return (await readFile(file ?? `/dev/fd/${descriptor ?? ""}`, "utf8")).split("\n", 1)[0] ?? "";
  } catch (cause) {
    throw new CliError(
      "the passphrase cannot be read: check DAYBOOK_PASSPHRASE_FILE or DAYBOOK_PASSPHRASE_FD",
      { cause },
    );
  }
}

async function ask(first: boolean): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(
      "the archive's private key needs a passphrase: run this on a terminal, or write it to a file (mode 0600) and set DAYBOOK_PASSPHRASE_FILE",
    );
  }
  const passphrase = await prompt(
    first ? "Choose a passphrase for the archive's private key: " : "Passphrase: ",
  );
  if (first && (await prompt("Again: ")) !== passphrase)
    throw new CliError("the two passphrases differ: start again");
  return passphrase;
}

async function prompt(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("SIGINT", () => reject(new CliError("no passphrase was given")));
      lines.once("close", () => reject(new CliError("no passphrase was given")));
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
