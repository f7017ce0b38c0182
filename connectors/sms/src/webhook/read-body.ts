import type { IncomingMessage } from "node:http";

const PATIENCE_MS = 30_000;

/** @returns the status to answer with, for a body that is too large, too slow or broken off */
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
