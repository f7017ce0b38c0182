const MAX_WAIT_MS = 3_600_000;

/** What was asked for by HTTPS was not answered, or with something else. */
export class WebRefusal extends Error {
  override readonly name = "WebRefusal";
  /** 0 where nobody answered to the end; 200 where what was answered is not understood. */
  readonly status: number;
  /** What was asked for, at most an hour. */
  readonly retryAfterMs: number;

  constructor(
    status: number,
    retryAfterMs = 0,
    message = `what was asked for was not had: status ${status}`,
  ) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the credentials, or what they may do, are the reason. */
  get isOfCredentials(): boolean {
    return this.status === 401 || this.status === 403;
  }

  /** Whether another question may be answered all the same. */
  get isOfQuestion(): boolean {
    const { status } = this;
    return !this.isOfCredentials && status !== 429 && status >= 200 && status < 500;
  }
}

export interface AskOptions {
  /** Of the answer; of a refusal no more than its beginning is read. */
  readonly maxBytes: number;
  /** Within what it has to be there, to its end. Milliseconds. */
  readonly withinMs: number;
  readonly now: Date;
  /** What a refusal with such a body is; a `WebRefusal` of the status unless given. */
  readonly refusalOf?: (status: number, said: unknown, retryAfterMs: number) => WebRefusal;
}

/** Of a refusal, which says little. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Asks, and follows no redirection.
 *
 * @returns what the answer's JSON says; undefined where it is none
 * @throws {WebRefusal} also where `withinMs` is over; the signal's reason, where that aborts
 */
export async function ask(
  url: URL,
  init: RequestInit,
  { maxBytes, withinMs, now, refusalOf = (status, _, ms) => new WebRefusal(status, ms) }: AskOptions,
  signal: AbortSignal,
): Promise<unknown> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  try {
    const response = await fetch(url, { ...init, redirect: "error", signal: within });
    if (response.ok) return jsonOf(await bytesOf(response, maxBytes));
    const said = await bytesOf(response, MAX_REFUSAL_BYTES).then(jsonOf, () => undefined);
    throw refusalOf(response.status, said, waitOf(response.headers.get("retry-after"), now));
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof WebRefusal ? cause : new WebRefusal(0);
  }
}

/** Seconds, or a date: RFC 9110, section 10.2.3. */
function waitOf(said: string | null, now: Date): number {
  const ms = /^\d{1,6}$/.test(said ?? "") ? Number(said) * 1_000 : Date.parse(said ?? "") - now.getTime();
  return ms > 0 ? Math.min(ms, MAX_WAIT_MS) : 0;
}

/** @throws {RangeError} for more than is taken; the system's error, where it breaks off */
async function bytesOf({ body }: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError("larger than is taken");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
