import {
  type ApiClient,
  apiClient,
  type Authenticator,
  createApi,
  createLogger,
  listen,
  type Listening,
  type Role,
  type Route,
  SERVICE,
} from "@daybook/runtime";
import { PassThrough } from "node:stream";
import { recordsProblem, type RecordsOptions, runRecords } from "../../src/index.ts";

/** By which the tests act as another service. */
export const INTERNAL_TOKEN = "internal";

/** The records service, running, behind the real API. */
export interface Running {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly owner: ApiClient;
  as(token: string): ApiClient;
  /** A client of a new person with these roles. */
  person(name: string, roles: readonly Role[]): Promise<ApiClient>;
  stop(): Promise<void>;
}

/** What the service leaves outside of itself. */
export interface Outside {
  /** Everything that was logged, as text. */
  readonly logged: string[];
  ownerToken: string | undefined;
}

/**
 * Starts the service behind the real API and waits until it is ready.
 *
 * @param onOpen told when the API answers, which is before that
 */
export async function startRunning(
  deployment: Outside,
  options: Omit<RecordsOptions, "mount" | "log" | "owner">,
  onOpen: (api: Pick<Running, "as">) => void,
  stopEarly: AbortSignal | undefined,
): Promise<Running> {
  const stopping = new AbortController();
  stopEarly?.addEventListener("abort", () => stopping.abort());
  const sink = new PassThrough();
  sink.on("data", (chunk: Buffer) => deployment.logged.push(chunk.toString()));
  const log = createLogger("records", "debug", { stream: sink });
  const clients: ApiClient[] = [];
  let server: Promise<Listening> | undefined;
  let routes: readonly Route[] = [];
  const as = (url: string, token: string) => {
    const client = apiClient({ url, token });
    clients.push(client);
    return client;
  };
  const mount = (mounted: readonly Route[], authenticator: Authenticator) => {
    routes = mounted;
    const api = createApi({
      title: "records",
      version: "0",
      routes,
      log,
      problemOf: recordsProblem,
      authenticator: {
        authenticate: (bearer) =>
          bearer === INTERNAL_TOKEN
            ? Promise.resolve({ id: "service", name: "service", kind: "machine", roles: [SERVICE] })
            : authenticator.authenticate(bearer),
        refused: async (principal, action) => authenticator.refused?.(principal, action),
      },
    });
    server = listen(api, { port: 0 });
    void server.then(({ url }) => onOpen({ as: (token) => as(url, token) }));
  };
  let running: Promise<void> = Promise.resolve();
  const stop = async () => {
    for (const client of clients) client.close();
    await (await server)?.close({ graceMs: 200 });
    stopping.abort();
    await running.catch(() => undefined);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const owner = {
        name: "Local owner",
        read: () => Promise.resolve(deployment.ownerToken),
        write: (token: string) => {
          deployment.ownerToken = token;
          return Promise.resolve();
        },
      };
      running = runRecords({ ...options, log, mount, owner, onReady: resolve }, stopping.signal);
      running.then(() => reject(new Error("stopped before it was ready")), reject);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const { url } = (await server)!;
  const owner = as(url, deployment.ownerToken!);
  return {
    url,
    routes,
    owner,
    as: (token) => as(url, token),
    async person(name, roles) {
      const made = (await owner.call("post", "/api/v1/tokens", { body: { name, roles } })) as {
        token: string;
      };
      return as(url, made.token);
    },
    async stop() {
      await stop();
      await running;
    },
  };
}
