import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import {
  createApi,
  createLogger,
  listen,
  type Listening,
  type Principal,
  type Route,
} from "../../src/index.ts";

export const OFFICER = "officer-token";
export const ADMINISTRATOR = "administrator-token";

const people: Record<string, Principal> = {
  [OFFICER]: { id: "p1", name: "An officer", kind: "person", roles: ["records-officer"] },
  [ADMINISTRATOR]: { id: "p2", name: "An administrator", kind: "person", roles: ["administrator"] },
};

type Options = Partial<Parameters<typeof createApi>[0]>;

/** A server of these routes, closed after the test file, and everything that it logged. */
export function serve(routes: readonly Route[], options: Options = {}) {
  const log = new PassThrough();
  let written = "";
  log.on("data", (chunk: Buffer) => (written += chunk.toString()));
  let server: Listening | undefined;
  beforeAll(async () => {
    const app = createApi({
      title: "Test",
      version: "1",
      routes,
      log: createLogger("test", "debug", { stream: log }),
      authenticator: { authenticate: (bearer) => Promise.resolve(people[bearer]) },
      ...options,
    });
    server = await listen(app, { port: 0 });
  });
  afterAll(() => server?.close({ graceMs: 0 }));
  return {
    get url() {
      return server?.url ?? "";
    },
    get port() {
      return server?.port ?? 0;
    },
    logged: () => written,
    send: (method: string, path: string, sent: Sent = {}) => send(server?.port ?? 0, method, path, sent),
  };
}

export interface Sent {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Sends exactly what it is told, as fetch would not. */
export async function send(
  port: number,
  method: string,
  path: string,
  { token = OFFICER, headers = {}, body }: Sent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      port,
      host: "127.0.0.1",
      method,
      path,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      text(response).then((answer) => {
        let json: Record<string, unknown> = {};
        if (answer !== "" && response.headers["content-type"]?.includes("json"))
          json = JSON.parse(answer) as Record<string, unknown>;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answer, json });
      }, reject);
    });
    outgoing.end(body);
  });
}

/** Opens a connection, writes, and resolves to all that came back when the server closed it. */
export async function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}
