import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { notDaybook, problemFrom, readJson } from "./answers.ts";
import { ProblemError } from "./problem.ts";
import type { Method } from "./route.ts";

type Scalar = string | number | boolean;

export interface CallOptions {
  /** Values for the `:parameters` of the path, and with `/` between segments for its `*parameter`. */
  readonly params?: Readonly<Record<string, string>>;
  /** Absent values are left out; a list is repeated. */
  readonly query?: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** For whom a client asks. */
export interface Caller {
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** The address that the request comes from, for a server that trusts this machine to say so. */
  readonly address?: string | undefined;
}

/** An answer that is read as it comes. Its end is checked: a stream that was cut short fails. */
export interface Download {
  readonly body: Readable;
  readonly mediaType: string;
  /** Where the server said so. */
  readonly sizeBytes: number | undefined;
  /** 200, or 206 of a part. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** The API, as a client sees it. Every method throws {ProblemError}: the server's, or `no-server`, `not-daybook`, `interrupted`; or what its signal gives as reason. */
export interface ApiClient {
  /** Resolves to the parsed answer, `undefined` for 204. */
  call(method: Method, path: string, options?: CallOptions): Promise<unknown>;
  /** The same, checked by a schema. */
  call<T>(method: Method, path: string, options: CallOptions & { response: z.ZodType<T> }): Promise<T>;
  /** Sends `body` as it is read. @param sizeBytes given, it must be right */
  upload(
    path: string,
    body: Readable,
    options?: Omit<CallOptions, "body"> & { method?: Method; sizeBytes?: number },
  ): Promise<unknown>;
  /** @param options.range as the header of that name: the server may give all the same */
  download(path: string, options?: CallOptions & { method?: Method; range?: string }): Promise<Download>;
  /** Drops idle connections. */
  close(): void;
}

/** A client that can ask for others. */
export interface SharedApiClient extends ApiClient {
  /** A client of the same server, over the same connections. @throws {ProblemError} as `apiClient` */
  as(caller: Caller): ApiClient;
}

/** Far less than a server keeps a connection that nothing is asked on: it must not be closed just when it is used. */
const IDLE_MS = 4_000;

/**
 * A client of a Daybook server, streaming both ways, without a time limit of its own: pass a signal. Follows no
 * redirect, so the token goes nowhere else.
 *
 * @param options.token sent as a bearer token
 * @param options.ca certificates, PEM, that the server's is checked against, in place of the system's
 * @throws {ProblemError} `bad-url` when `url` is none, or would send the token over a network in clear
 */
export function apiClient(options: {
  url: string;
  token?: string;
  ca?: string | undefined;
}): SharedApiClient {
  const { url, token, ca } = options;
  const base = parseUrl(url, token !== undefined);
  const secure = base.protocol === "https:";
  const idle = { keepAlive: true, timeout: IDLE_MS };
  const agent = secure ? new HttpsAgent({ ...idle, ...(ca !== undefined && { ca }) }) : new HttpAgent(idle);
  return clientOver({ base, agent, secure }, { token });
}

interface Server {
  readonly base: URL;
  readonly agent: HttpAgent | HttpsAgent;
  readonly secure: boolean;
}

function clientOver(server: Server, caller: Caller): SharedApiClient {
  const { base, agent, secure } = server;
  const { token, address } = caller;

  const start = async (
    method: Method,
    path: string,
    { params, query, signal }: CallOptions,
    headers: Record<string, string | number>,
    body: Buffer | Readable | undefined,
  ): Promise<IncomingMessage> => {
    const target = new URL(base);
    target.pathname = `${base.pathname.replace(/\/$/, "")}${fillPath(path, params ?? {})}`;
    for (const [name, value] of Object.entries(query ?? {})) {
      for (const one of Array.isArray(value) ? (value as Scalar[]) : [value as Scalar | undefined]) {
        if (one !== undefined) target.searchParams.append(name, String(one));
      }
    }
    const answer = await exchange(
      target,
      { method, agent, secure, signal, body },
      {
        accept: "application/json, application/problem+json, */*",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(address === undefined ? {} : { "x-forwarded-for": address }),
        ...headers,
      },
    );
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw await problemFrom(answer);
  };

  const call = async (
    method: Method,
    path: string,
    options: CallOptions & { response?: z.ZodType } = {},
  ): Promise<unknown> => {
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const headers = body ? { "content-type": "application/json", "content-length": body.length } : {};
    const value = await readJson(await start(method, path, options, headers, body));
    if (!options.response) return value;
    const parsed = options.response.safeParse(value);
    if (parsed.success) return parsed.data;
    throw notDaybook("its answer does not have the form that this version expects");
  };

  return {
    call: call,
    upload: async (path, body, { method = "post", sizeBytes, ...options } = {}) => {
      const length = sizeBytes === undefined ? {} : { "content-length": sizeBytes };
      const headers = { "content-type": "application/octet-stream", ...length };
      return readJson(await start(method, path, options, headers, body));
    },
    download: async (path, { method = "get", range, ...options } = {}) => {
      const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
      const headers = {
        ...(body && { "content-type": "application/json", "content-length": body.length }),
        ...(range !== undefined && { range }),
      };
      const answer = await start(method, path, options, headers, body);
      const length = answer.headers["content-length"];
      return {
        body: answer,
        mediaType: answer.headers["content-type"] ?? "application/octet-stream",
        sizeBytes: length === undefined ? undefined : Number(length),
        status: answer.statusCode ?? 0,
        headers: answer.headers,
      };
    },
    as(other) {
      parseUrl(base.href, other.token !== undefined);
      return clientOver(server, other);
    },
    close: () => agent.destroy(),
  };
}

interface Exchange {
  readonly method: Method;
  readonly agent: HttpAgent | HttpsAgent;
  readonly secure: boolean;
  readonly signal: AbortSignal | undefined;
  readonly body: Buffer | Readable | undefined;
}

async function exchange(
  target: URL,
  { method, agent, secure, signal, body }: Exchange,
  headers: Record<string, string | number>,
): Promise<IncomingMessage> {
  const outgoing = (secure ? httpsRequest : httpRequest)(target, {
    method: method.toUpperCase(),
    agent,
    headers,
    ...(signal ? { signal } : {}),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
  });
  if (body === undefined || Buffer.isBuffer(body)) {
    outgoing.end(body);
    return await answered.catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw unreachable(target, cause);
    });
  }
  // A refusal may come before everything is sent; what is left is then not sent.
  const sent = pipeline(body, outgoing);
  const failedToRead = new Promise<never>((_, reject) => {
    body.once("error", reject);
  });
  failedToRead.catch(() => undefined);
  sent.catch(() => undefined);
  try {
    const answer = await Promise.race([answered, failedToRead]);
    if (!outgoing.writableFinished) answer.once("close", () => void outgoing.destroy());
    return answer;
  } catch (cause) {
    outgoing.destroy();
    if (body.errored && body.errored === cause) throw cause;
    signal?.throwIfAborted();
    throw unreachable(target, cause);
  }
}

function parseUrl(url: string, carriesToken: boolean): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (!base || !["http:", "https:"].includes(base.protocol) || base.username || base.password) {
    throw new ProblemError(400, "bad-url", "the server's address must look like https://HOST[:PORT]");
  }
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(base.hostname);
  if (carriesToken && base.protocol === "http:" && !loopback) {
    throw new ProblemError(400, "bad-url", "use https: over http the token would cross the network in clear");
  }
  base.search = "";
  base.hash = "";
  return base;
}

function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/([:*])([a-zA-Z]+)/g, (_, kind: string, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`no value for ${name} of ${path}`);
    return kind === ":" ? encodeURIComponent(value) : value.split("/").map(encodeURIComponent).join("/");
  });
}

function unreachable(target: URL, cause: unknown): ProblemError {
  const { code } = cause as { code?: unknown };
  if (
    ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "ETIMEDOUT"].includes(
      String(code),
    )
  ) {
    const detail = `no Daybook server answers at ${target.origin}: start one with \`daybook up\`, or set DAYBOOK_URL`;
    return new ProblemError(503, "no-server", detail, { cause });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(?:SSL|TLS)/.test(String(code))) {
    const detail = `the certificate of ${target.origin} is not trusted (${String(code)}): check its date, its name and who vouches for it`;
    return new ProblemError(502, "untrusted", detail, { cause });
  }
  return new ProblemError(502, "interrupted", "the connection to the server broke: see its log", { cause });
}
