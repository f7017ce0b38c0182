import type { IncomingMessage, ServerResponse } from "node:http";

const PATIENCE_MS = 30_000;
const WARN_EVERY_MS = 60_000;

/** Reads a webhook whole, within 30 seconds. @returns the status to answer with, for a body that is too large, too slow or broken off */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | number> {
  const chunks: Buffer[] = [];
  let size = 0;
  const state = { isLate: false };
  const timer = setTimeout(() => {
    state.isLate = true;
    request.destroy();
  }, PATIENCE_MS);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return 413;
      chunks.push(chunk);
    }
  } catch {
    return state.isLate ? 408 : 400;
  } finally {
    clearTimeout(timer);
  }
  return request.complete ? Buffer.concat(chunks) : 400;
}

/** Answers a webhook, unless that was done, or nobody is there any more. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { type = "text/plain", text = "" }: { readonly type?: string; readonly text?: string } = {},
): void {
  if (response.headersSent || response.destroyed) return;
  // What still comes is not read: the connection ends with the answer.
  const close = request.complete ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...close });
  response.end(text);
}

/** Whether it is time to warn again, once a minute at most: strangers must not fill the log. */
export function seldom(): () => boolean {
  let next = 0;
  return () => {
    if (Date.now() < next) return false;
    next = Date.now() + WARN_EVERY_MS;
    return true;
  };
}
