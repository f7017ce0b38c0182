import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cachedProgram } from "./cache.ts";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts } from "./free-port.ts";

/** What is done to a connection's bytes, in Toxiproxy's own words. Times are in ms unless said otherwise. */
export type Toxic =
  | { readonly type: "latency"; readonly latency: number; readonly jitter?: number }
  /** `rate` in KB a second. */
  | { readonly type: "bandwidth"; readonly rate: number }
  | { readonly type: "slow_close"; readonly delay: number }
  /** Passes nothing on and closes after `timeout`; 0 never closes. */
  | { readonly type: "timeout"; readonly timeout: number }
  /** Answers with a TCP reset after `timeout`. */
  | { readonly type: "reset_peer"; readonly timeout: number }
  /** Closes after so many bytes. */
  | { readonly type: "limit_data"; readonly bytes: number };

/** `downstream` is what the server says to the client. */
export type Direction = "upstream" | "downstream";

/** One way to a server, which a test can spoil. Everything but `port` may be repeated. */
export interface Proxy {
  /** On 127.0.0.1; the same for as long as the proxy is there, cut or not. */
  readonly port: number;
  /** Spoils what passes from now on. The same type in the same direction (downstream unless given) replaces. */
  toxic(toxic: Toxic, direction?: Direction): Promise<void>;
  /** Closes every connection, and refuses new ones. */
  cut(): Promise<void>;
  /** Takes every toxic away, and lets connections in again. */
  heal(): Promise<void>;
  remove(): Promise<void>;
}

/** A Toxiproxy that runs. */
export interface Toxiproxy extends Engine {
  /** Address of its HTTP API, which anyone on this machine may use. */
  readonly api: string;
  /**
   * Makes a way to a server. The same name and upstream again is the same proxy.
   *
   * @param upstream `host:port`
   * @throws {Error} when another upstream has the name
   */
  proxy(name: string, upstream: string): Promise<Proxy>;
}

/**
 * Starts Toxiproxy on 127.0.0.1, with no proxies.
 *
 * @param options.dir for its log; made when it is not there
 * @param options.port of its API: one that nobody has, unless given
 * @returns undefined when the program is not built
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startToxiproxy(options: {
  dir: string;
  port?: number;
}): Promise<Toxiproxy | undefined> {
  const program = cachedProgram("toxiproxy-server");
  if (!program) return undefined;
  const { dir, port = ((await freePorts(1)) as [number])[0] } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const api = `http://127.0.0.1:${port}`;
  const engine = await startEngine({
    name: "toxiproxy",
    program,
    args: ["-host", "127.0.0.1", "-port", String(port)],
    cwd: dir,
    log: join(dir, "toxiproxy.log"),
    ready: async () => (await fetch(`${api}/version`)).ok,
  });
  return { ...engine, api, proxy: (name, upstream) => makeProxy(api, name, upstream) };
}

interface State {
  readonly listen: string;
  readonly upstream: string;
  readonly toxics: readonly { readonly name: string }[];
}

async function makeProxy(api: string, name: string, upstream: string): Promise<Proxy> {
  const path = `/proxies/${encodeURIComponent(name)}`;
  const body = { name, upstream, listen: "127.0.0.1:0", enabled: true };
  const made = await ask(api, "POST", "/proxies", body, 409);
  const state = made ?? (await stateOf(api, path));
  if (state.upstream !== upstream) {
    throw new Error(`toxiproxy has a proxy ${name} to ${state.upstream}: choose another name, or remove it`);
  }
  return {
    port: Number(state.listen.split(":").at(-1)),
    async toxic({ type, ...attributes }, stream = "downstream") {
      const toxic = `${type}_${stream}`;
      const body = { name: toxic, type, stream, attributes };
      const added = await ask(api, "POST", `${path}/toxics`, body, 409);
      if (!added) await ask(api, "POST", `${path}/toxics/${toxic}`, { attributes });
    },
    async cut() {
      await ask(api, "POST", path, { enabled: false });
    },
    async heal() {
      for (const { name: toxic } of (await stateOf(api, path)).toxics) {
        await ask(api, "DELETE", `${path}/toxics/${toxic}`, undefined, 404);
      }
      await ask(api, "POST", path, { enabled: true });
    },
    async remove() {
      await ask(api, "DELETE", path, undefined, 404);
    },
  };
}

async function stateOf(api: string, path: string): Promise<State> {
  const state = await ask(api, "GET", path);
  if (!state) throw new Error("toxiproxy says nothing of the proxy: it is not a Toxiproxy that answers");
  return state;
}

/** @returns undefined for an answer without content, and for the one status that the caller allows */
async function ask(
  api: string,
  method: string,
  path: string,
  body?: object,
  allowed?: number,
): Promise<State | undefined> {
  const answer = await fetch(api + path, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
    // It closes connections that lie idle, also just as something is asked.
    headers: { connection: "close" },
  });
  const text = await answer.text();
  if (answer.status === allowed || (answer.ok && text === "")) return undefined;
  if (!answer.ok) throw new Error(`toxiproxy refused ${method} ${path} (${answer.status}): ${text.trim()}`);
  return JSON.parse(text) as State;
}
