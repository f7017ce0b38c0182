import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { CliError } from "../error.ts";
import { signalServers } from "../signal-servers.ts";
import type { Keys } from "./keys.ts";

/**
 * Has a home capture Signal.
 *
 * @param file says where Signal's servers are
 * @returns the keys with one for the accounts' files, which is made and kept where there is none
 * @throws {CliError} for a file that says something else
 */
export async function withSignal(
  home: Home,
  keys: Keys,
  { file, log }: { file: string; log: Logger },
): Promise<{ keys: Keys; live: Live }> {
  const servers = await readServers(file);
  const signal = keys.service.signal ?? randomBytes(32).toString("base64");
  const { signalLive } = await import("../signal.ts");
  const service = { ...keys.service, signal };
  if (keys.service.signal === undefined) await keys.save(service);
  return {
    keys: { ...keys, service },
    live: signalLive({ dir: join(home.dir, "signal"), key: Buffer.from(signal, "base64"), servers, log }),
  };
}

async function readServers(file: string) {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CliError("the file of Signal's servers cannot be read", { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CliError("the file of Signal's servers is not JSON", { cause });
  }
  const parsed = signalServers.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join(".") || "as a whole").join(", ");
  throw new CliError(`the file of Signal's servers is wrong at: ${where}`);
}
