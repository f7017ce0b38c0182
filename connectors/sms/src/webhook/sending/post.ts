import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { wholeOf } from "../media/ask.ts";

/** What became of a request. */
export type Posted =
  | {
      readonly state: "answered";
      readonly status: number;
      readonly retryAfterMs: number;
      readonly body: Buffer;
    }
  /** Nothing of it left: nobody took the connection. */
  | { readonly state: "unreached" }
  /** It may have been done. */
  | { readonly state: "unanswered" };

export interface Request {
  readonly type: string;
  readonly body: string;
  readonly authorization: string;
}

const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** Posts once, over a connection of its own, and follows nothing: credentials go nowhere else. */
export function postOnce(url: URL, { type, body, authorization }: Request): Promise<Posted> {
  const { promise, resolve } = Promise.withResolvers<Posted>();
  let isConnected = false;
  const isSecure = url.protocol === "https:";
  const posting = (isSecure ? secureRequest : plainRequest)(url, {
    method: "POST",
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: {
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      accept: "application/json",
      authorization,
    },
  });
  // Until then nothing is written.
  posting.on("socket", (socket) => {
    isConnected = !isSecure && !socket.connecting;
    socket.once(isSecure ? "secureConnect" : "connect", () => (isConnected = true));
  });
  posting.on("error", () => resolve({ state: isConnected ? "unanswered" : "unreached" }));
  posting.on("response", (answer) => {
    const { statusCode: status = 0, headers } = answer;
    const seconds = Number(headers["retry-after"] ?? 0);
    const retryAfterMs = seconds > 0 && seconds < MAX_RETRY_AFTER_SECONDS ? seconds * 1_000 : 0;
    wholeOf(answer, MAX_ANSWER_BYTES).then(
      (bytes) => resolve({ state: "answered", status, retryAfterMs, body: bytes }),
      () => resolve({ state: "unanswered" }),
    );
  });
  posting.end(body);
  return promise;
}
