import { PassThrough } from "node:stream";
import {
  type ApiClient,
  apiClient,
  createApi,
  createLogger,
  listen,
  type Principal,
  type Route,
} from "@daybook/runtime";
import type { Pool } from "pg";
import { captureProblem, type ImportedFiles, runCapture } from "../../src/index.ts";
import { SCOPE_KEY, setUp } from "./capture.ts";

type Role = Principal["roles"][number];

/** Nothing was imported before. */
export const noFiles: ImportedFiles = {
  async *notices() {
    // There are none.
  },
  content: () => Promise.resolve(undefined),
  async *lines() {
    // There are none.
  },
};

/** The capture service, running, behind the real API; tokens are the names of roles. */
export interface Running {
  readonly url: string;
  /** What the service stands on. */
  readonly rig: ReturnType<typeof setUp>;
  /** Everything that was logged, as text. */
  readonly logged: string[];
  as(role: Role): ApiClient;
  /** Tells the service to stop. Resolves once it has. */
  stop(): Promise<void>;
  /** Stops the service and takes its API away. */
  close(): Promise<void>;
}

/** Starts the service over fakes of its ports and a database. */
export async function startRunning(pool: Pool, maxUploadBytes: number, rig = setUp()): Promise<Running> {
  const stopping = new AbortController();
  const logged: string[] = [];
  const sink = new PassThrough();
  sink.on("data", (chunk: Buffer) => logged.push(chunk.toString()));
  const log = createLogger("capture", "debug", { stream: sink });
  const clients: ApiClient[] = [];
  let routes: readonly Route[] = [];
  const running = runCapture(
    {
      ...rig,
      pool,
      log,
      maxUploadBytes,
      files: noFiles,
      shards: 1,
      spoolDir: rig.dir,
      linesKey: Buffer.alloc(32, 3),
      scopeKey: SCOPE_KEY,
      mount: (mounted) => (routes = mounted),
    },
    stopping.signal,
  );
  running.catch(() => undefined);
  const api = createApi({
    title: "capture",
    version: "0",
    routes,
    log,
    problemOf: captureProblem,
    authenticator: {
      authenticate: (bearer) =>
        Promise.resolve({ id: `${bearer}-1`, name: bearer, kind: "person", roles: [bearer as Role] }),
    },
  });
  const server = await listen(api, { port: 0 });
  const stop = () => {
    stopping.abort();
    return running;
  };
  return {
    url: server.url,
    rig,
    logged,
    as(role) {
      const client = apiClient({ url: server.url, token: role });
      clients.push(client);
      return client;
    },
    stop,
    async close() {
      for (const client of clients) client.close();
      await server.close({ graceMs: 200 });
      await stop();
      rig.remove();
    },
  };
}
