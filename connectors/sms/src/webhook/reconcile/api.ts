import { ask, basic, wholeOf } from "../media/ask.ts";

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const ANSWER_MS = 60_000;

/** A list that goes round in circles, or is longer than can be had, is not one that was had. */
export const MAX_PAGES = 10_000;

/** What an API answered with something else than what was asked for. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";
  /** 0 where nobody answered, or nobody can say what. */
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs = 0) {
    super(`the provider's API answers with status ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Asks an API that takes a user and a password, of which there are two while one is being replaced.
 *
 * @returns the answer's bytes @throws {ApiRefusal}
 */
export async function askApi(
  url: URL,
  { user, passwords }: { readonly user: string; readonly passwords: readonly string[] },
  signal: AbortSignal,
): Promise<Buffer> {
  let refusal = new ApiRefusal(401);
  for (const password of passwords) {
    try {
      return await askOnce(url, basic(user, password), signal);
    } catch (cause) {
      if (!(cause instanceof ApiRefusal) || cause.status !== 401) throw cause;
      refusal = cause;
    }
  }
  throw refusal;
}

async function askOnce(url: URL, authorization: string, signal: AbortSignal): Promise<Buffer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const answer = await ask(url, { isOwn: true, authorization, signal: within }).catch(() => undefined);
  if (!answer) throw new ApiRefusal(0);
  const { statusCode: status = 0, headers } = answer;
  if (status !== 200) {
    answer.destroy();
    const seconds = Number(headers["retry-after"] ?? 0);
    throw new ApiRefusal(status, seconds > 0 && seconds < 86_400 ? seconds * 1_000 : 0);
  }
  return wholeOf(answer, MAX_ANSWER_BYTES).catch(() => {
    throw new ApiRefusal(0);
  });
}

/** Not there any more, or never by that name. */
const GONE: ReadonlySet<number> = new Set([404, 410, 422]);

/** Undefined for what the provider does not have. */
export async function had(asked: Promise<Buffer>): Promise<Buffer | undefined> {
  return asked.catch((cause: unknown) => {
    if (cause instanceof ApiRefusal && GONE.has(cause.status)) return undefined;
    throw cause;
  });
}

/** Undefined for what is none. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
