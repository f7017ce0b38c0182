import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findServers, type RunningServer, serverOf } from "@daybook/compose/servers";
import { type ApiClient, apiClient } from "@daybook/runtime/client";
import { CliError } from "./error.ts";

/** The server that a command talks to. */
export interface Server {
  readonly client: ApiClient;
  readonly url: string;
  /** Its home, where it runs on this machine. */
  readonly home: string | undefined;
}

/**
 * Finds the server: `DAYBOOK_URL` with `DAYBOOK_TOKEN`; else the one that holds `DAYBOOK_HOME`; else the one server
 * that runs here.
 *
 * @throws {CliError} when there is none, or more than one
 */
export async function connect(env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const { DAYBOOK_URL: url, DAYBOOK_TOKEN: token, DAYBOOK_HOME: home } = env;
  if (url) {
    if (!token) throw new CliError("DAYBOOK_URL is set: set DAYBOOK_TOKEN too");
    return { client: apiClient({ url, token }), url, home: undefined };
  }
  const server = home ? await serverOf(resolve(home)) : await onlyServer(env);
  if (!server) {
    throw new CliError(
      home
        ? `no server runs for ${home}: start it with \`daybook up --home ${home}\``
        : "no Daybook server runs here: start one with `daybook up`, or set DAYBOOK_URL and DAYBOOK_TOKEN",
    );
  }
  return {
    client: apiClient({ url: server.url, token: token ?? (await ownerToken(server.home)) }),
    url: server.url,
    home: server.home,
  };
}

async function onlyServer(env: NodeJS.ProcessEnv): Promise<RunningServer | undefined> {
  const [server, ...others] = await findServers(env);
  if (!server || others.length === 0) return server;
  const homes = [server, ...others].map((one) => one.home).join(", ");
  throw new CliError(`several servers run here: set DAYBOOK_HOME to one of ${homes}`);
}

/** The token that the server wrote for its owner. @throws {CliError} */
export async function ownerToken(home: string): Promise<string> {
  const path = join(home, "run/token");
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new CliError(
      `the owner's token cannot be read from ${path}: run this as the user who started the server, or set DAYBOOK_TOKEN`,
      { cause },
    );
  }
}
