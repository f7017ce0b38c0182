import type { IncomingMessage } from "node:http";

/** Nothing comes for so long: who sends is gone. */
const IDLE_MS = 30_000;

/** What came instead of a body, as a status. */
export class BadBody extends Error {
  override readonly name = "BadBody";
  readonly status: 400 | 408 | 413;

  constructor(status: 400 | 408 | 413) {
    super(`a body was refused with ${status}`);
    this.status = status;
  }
}

/**
 * The bytes of a request, bounded in size and in time. What is left of one that is given up is not read.
 *
 * @throws {BadBody} too large, too slow or broken off
 */
export async function* bodyOf(
  request: IncomingMessage,
  { maxBytes, mostMs }: { maxBytes: number; mostMs: number },
): AsyncGenerator<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw new BadBody(413);
  const state = { isLate: false, size: 0 };
  const stop = () => {
    state.isLate = true;
    request.destroy();
  };
  const whole = setTimeout(stop, mostMs);
  const idle = setTimeout(stop, IDLE_MS);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      idle.refresh();
      state.size += chunk.length;
      if (state.size > maxBytes) throw new BadBody(413);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof BadBody) throw cause;
    throw new BadBody(state.isLate ? 408 : 400);
  } finally {
    clearTimeout(whole);
    clearTimeout(idle);
  }
  if (!request.complete) throw new BadBody(400);
}

/** All of it. @throws {BadBody} */
export async function wholeBody(
  request: IncomingMessage,
  bounds: { maxBytes: number; mostMs: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bodyOf(request, bounds)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
