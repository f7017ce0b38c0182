import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findServers } from "@daybook/compose";
import { type ApiClient, apiClient } from "@daybook/runtime";
import { CliError } from "./error.ts";

/** The server that a command talks to. */
export interface Server {
  readonly client: ApiClient;
  readonly url: string;
  /** Its home, where it runs on this machine. */
  readonly home: string | undefined;
}

/**
 * Finds the server: `DAYBOOK_URL` with `DAYBOOK_TOKEN`; else the one whose home is `DAYBOOK_HOME`; else the one
 * server that runs here.
 *
 * @throws {CliError} when there is none, or more than one
 */
export async function connect(env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const { DAYBOOK_URL: url, DAYBOOK_TOKEN: token, DAYBOOK_HOME: home } = env;
  if (url) {
    if (!token) throw new CliError("DAYBOOK_URL is set: set DAYBOOK_TOKEN too");
    return { client: apiClient({ url, token }), url, home: undefined };
  }
  const running = await findServers();
  const wanted = home ? running.filter((server) => resolve(server.home) === resolve(home)) : running;
  const [server, ...others] = wanted;
  if (!server) {
    throw new CliError(
      home
        ? `no server runs for ${home}: start it with \`daybook up --home ${home}\``
        : "no Daybook server runs here: start one with `daybook up`, or set DAYBOOK_URL and DAYBOOK_TOKEN",
    );
  }
  if (others.length > 0) {
    throw new CliError(
      `several servers run here: set DAYBOOK_HOME to one of ${wanted.map((s) => s.home).join(", ")}`,
    );
  }
  return {
    client: apiClient({ url: server.url, token: token ?? (await ownerToken(server.home)) }),
    url: server.url,
    home: server.home,
  };
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
