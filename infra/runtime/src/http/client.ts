import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
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

/** An answer that is read as it comes. Its end is checked: a stream that was cut short fails. */
export interface Download {
  readonly body: Readable;
  readonly mediaType: string;
  /** Where the server said so. */
  readonly sizeBytes: number | undefined;
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
  download(path: string, options?: CallOptions & { method?: Method }): Promise<Download>;
  /** Drops idle connections. */
  close(): void;
}

/** Far less than a server keeps a connection that nothing is asked on: it must not be closed just when it is used. */
const IDLE_MS = 4_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const problemDocument = z.object({
  status: z.int().min(400).max(599),
  code: z.string().max(100),
  detail: z.string().max(2_000),
  fields: z
    .array(z.object({ in: z.enum(["path", "query", "body"]), path: z.string(), problem: z.string() }))
    .max(100)
    .optional(),
});

/**
 * A client of a Daybook server, streaming both ways, without a time limit of its own: pass a signal. Follows no
 * redirect, so the token goes nowhere else.
 *
 * @param options.token sent as a bearer token
 * @param options.ca certificates, PEM, that the server's is checked against, in place of the system's
 * @throws {ProblemError} `bad-url` when `url` is none, or would send the token over a network in clear
 */
export function apiClient(options: { url: string; token?: string; ca?: string | undefined }): ApiClient {
  const { url, token, ca } = options;
  const base = parseUrl(url, token !== undefined);
  const secure = base.protocol === "https:";
  const idle = { keepAlive: true, timeout: IDLE_MS };
  const agent = secure ? new HttpsAgent({ ...idle, ...(ca !== undefined && { ca }) }) : new HttpAgent(idle);

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
    download: async (path, { method = "get", ...options } = {}) => {
      const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
      const headers = body ? { "content-type": "application/json", "content-length": body.length } : {};
      const answer = await start(method, path, options, headers, body);
      const length = answer.headers["content-length"];
      return {
        body: answer,
        mediaType: answer.headers["content-type"] ?? "application/octet-stream",
        sizeBytes: length === undefined ? undefined : Number(length),
      };
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

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const text = await readText(answer);
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notDaybook("it answers something other than JSON");
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    if ((cause as { name?: unknown }).name === "AbortError") throw cause;
    throw new ProblemError(502, "interrupted", "the server broke off its answer: see its log", { cause });
  }
  if (size > MAX_ANSWER_BYTES) throw notDaybook("its answer is far too large");
  return Buffer.concat(chunks).toString("utf8");
}

async function problemFrom(answer: IncomingMessage): Promise<ProblemError> {
  const status = answer.statusCode ?? 502;
  if (status < 400) {
    answer.destroy();
    return notDaybook("it redirects, which is not followed");
  }
  const parsed = problemDocument.safeParse(await readJson(answer).catch(() => undefined));
  if (!parsed.success) return notDaybook(`it answers with status ${status} and no reason`);
  const { code, detail, fields } = parsed.data;
  const retryAfter = Number(answer.headers["retry-after"]);
  return new ProblemError(status, code, detail, {
    ...(fields ? { fields } : {}),
    ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
  });
}

function notDaybook(why: string): ProblemError {
  return new ProblemError(
    502,
    "not-daybook",
    `this does not look like a Daybook server of this version: ${why}`,
  );
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
