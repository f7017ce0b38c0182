import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { errorLine } from "../../../../services/cli/src/failure.ts";
import { createOutput } from "../../../../services/cli/src/output.ts";
import { runNamed } from "../../../../services/cli/src/run/services.ts";

/**
 * What `daybook run SERVICE --check` says, or with `--settings --json`, without a process of its own for each.
 *
 * @throws {Error} with the line that it ends with
 */
export async function ask(
  service: string,
  flag: "check" | "settings",
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const said = new PassThrough();
  // Whoever runs a service is hardened; this process runs other tests.
  const umask = process.umask(0o077);
  const flags = { check: flag === "check", settings: flag === "settings" };
  try {
    await runNamed(service, flags, createOutput(flag === "settings", said), env);
  } catch (error) {
    throw new Error(`${errorLine(error).line}\n`, { cause: error });
  } finally {
    process.umask(umask);
  }
  said.end();
  return text(said);
}
