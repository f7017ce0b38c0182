import express, { type Request, type RequestHandler, type Response } from "express";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { ProblemError } from "./problem.ts";

/** Limits on what a client sends. */
export interface IncomingLimits {
  /** Most bytes of a JSON body. */
  readonly bodyLimitBytes: number;
  /** Most bytes of an upload. */
  readonly uploadLimitBytes: number;
  /** How long a JSON body may take as a whole, and an upload between two pieces. */
  readonly patienceMs: number;
}

/** Reads a JSON body. Compressed bodies are refused, as they could be far larger than they say. */
export function jsonReader(
  limitBytes: number,
  patienceMs: number,
): (request: Request, response: Response) => Promise<unknown> {
  const parse: RequestHandler = express.json({
    limit: limitBytes,
    inflate: false,
    strict: true,
    type: "application/json",
  });
  return async (request, response) => {
    requireType(request, "application/json");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow()), patienceMs);
    });
    const read = new Promise<unknown>((resolve, reject) => {
      parse(request, response, (err?: unknown) => {
        if (err === undefined) resolve(request.body);
        else reject(err instanceof Error ? err : new TypeError("the body cannot be read"));
      });
    });
    try {
      return await Promise.race([read, late]);
    } finally {
      clearTimeout(timer);
      read.catch(() => undefined);
    }
  };
}

/**
 * The bytes of a request, as fast as they are consumed.
 *
 * @throws (while read) {ProblemError} `too-large`, `too-slow`, `incomplete`
 */
export function readUpload(request: Request, limits: { maxBytes: number; patienceMs: number }): Readable {
  requireType(request, "application/octet-stream");
  if (request.headers["content-encoding"] !== undefined)
    throw unsupported("send it without Content-Encoding");
  if (Number(request.headers["content-length"] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  return Readable.from(boundedChunks(request, limits), { objectMode: false });
}

async function* boundedChunks(
  request: IncomingMessage,
  { maxBytes, patienceMs }: { maxBytes: number; patienceMs: number },
): AsyncGenerator<Buffer> {
  // Were the request destroyed with its reader, the refusal could not be sent.
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let total = 0;
  try {
    for (;;) {
      const next = await inTime(chunks.next(), patienceMs);
      if (next.done) break;
      total += next.value.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      yield next.value;
    }
  } finally {
    void chunks.return?.().then(undefined, () => undefined);
  }
  if (!request.complete) throw incomplete();
}

async function inTime(
  next: Promise<IteratorResult<Buffer>>,
  patienceMs: number,
): Promise<IteratorResult<Buffer>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), patienceMs);
  });
  try {
    return await Promise.race([next, late]);
  } catch (err) {
    next.catch(() => undefined);
    throw err instanceof ProblemError ? err : incomplete();
  } finally {
    clearTimeout(timer);
  }
}

const LINGER_MS = 5_000;

/**
 * Reads away what a client still sends when it has its answer, for 5 seconds. Closed at once, the connection
 * would be reset before the client reads the answer; left unread, it could not be used again.
 */
export function drainAfter(request: Request, response: Response): void {
  response.once("finish", () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
    timer.unref();
    request.once("close", () => clearTimeout(timer));
    // A listener, as a reader that has not quite let go yet would undo a mere `resume`.
    request.on("data", () => undefined).resume();
  });
}

/** @throws {ProblemError} when bytes come with a request whose route takes none */
export function refuseBody(request: Request): void {
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] === undefined && (length === undefined || length === "0")) return;
  throw new ProblemError(400, "body-not-expected", "this request takes no body");
}

function requireType(request: Request, type: string): void {
  const given = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (given !== type) throw unsupported(`send it as ${type}`);
}

function unsupported(detail: string): ProblemError {
  return new ProblemError(415, "unsupported-media-type", detail);
}

export function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError(413, "too-large", `at most ${maxBytes} bytes are taken`);
}

function tooSlow(): ProblemError {
  return new ProblemError(408, "too-slow", "the request did not arrive in time");
}

function incomplete(): ProblemError {
  return new ProblemError(400, "incomplete", "the request ended before its body did");
}
