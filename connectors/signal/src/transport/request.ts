import type { ZodType } from "zod";
import { SignalError } from "../error.ts";
import { type Net, plain } from "../libsignal.ts";
import { connectionFailure, rateLimited } from "./failure.ts";

const TIMEOUT_MS = 30_000;

/** A request to the chat server that the library has no call for, over an open connection. */
export interface ChatRequest {
  readonly verb: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ChatAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Asks the chat server, in JSON, and gives its answer whatever its status.
 *
 * @throws {SignalError} see `connectionFailure`: whether the server did it is then unknown
 */
export async function ask(
  chat: Pick<Net.ChatConnection, "fetch">,
  { verb, path, body, headers = {} }: ChatRequest,
): Promise<ChatAnswer> {
  const all = { ...(body !== undefined && { "content-type": "application/json" }), ...headers };
  try {
    const answer = await chat.fetch({
      verb,
      path,
      headers: Object.entries(all),
      ...(body !== undefined && { body: plain(Buffer.from(JSON.stringify(body))) }),
      timeoutMillis: TIMEOUT_MS,
    });
    return {
      status: answer.status,
      body: answer.body ?? new Uint8Array(),
      headers: new Map(answer.headers.map(([name, value]) => [name.toLowerCase(), value])),
    };
  } catch (cause) {
    throw connectionFailure(cause);
  }
}

/**
 * As `ask`, for what must succeed.
 *
 * @throws {SignalError} `rate-limited` for 429, `unavailable` for any other failure, `malformed` for an answer of another shape
 */
export async function askFor<T>(
  chat: Pick<Net.ChatConnection, "fetch">,
  request: ChatRequest,
  shape: ZodType<T>,
): Promise<T> {
  const answer = await ask(chat, request);
  if (answer.status === 429) throw rateLimited(Number(answer.headers.get("retry-after") ?? "60"));
  if (answer.status < 200 || answer.status > 299)
    throw new SignalError("unavailable", `Signal answered ${answer.status} to a request`);
  return parsed(answer.body, shape);
}

/** @throws {SignalError} `malformed` */
export function parsed<T>(body: Uint8Array, shape: ZodType<T>): T {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw new SignalError("malformed", "Signal's answer is not JSON", { cause });
  }
  const result = shape.safeParse(value);
  if (!result.success) throw new SignalError("malformed", "Signal's answer has another shape than expected");
  return result.data;
}
