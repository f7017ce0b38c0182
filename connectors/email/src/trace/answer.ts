const MAX_WAIT_MS = 3_600_000;

/** Graph, or the directory that gives tokens, answered with something else than what was asked for. */
export class TraceRefusal extends Error {
  override readonly name = "TraceRefusal";
  /** 0 where nobody answered to the end; 200 where what was answered is not understood. */
  readonly status: number;
  /** What was asked for, at most an hour. */
  readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs = 0) {
    super(`no list of Microsoft Graph: status ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  static of({ status, headers }: Response, now: Date): TraceRefusal {
    return new TraceRefusal(status, waitOf(headers.get("retry-after"), now));
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

/** Seconds, or a date: RFC 9110, section 10.2.3. */
function waitOf(said: string | null, now: Date): number {
  const ms = /^\d{1,6}$/.test(said ?? "") ? Number(said) * 1_000 : Date.parse(said ?? "") - now.getTime();
  return ms > 0 ? Math.min(ms, MAX_WAIT_MS) : 0;
}

/** @throws {RangeError} for more than is taken; the system's error, where it breaks off */
export async function bytesOf({ body }: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError("larger than is taken");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undefined for what is none. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
