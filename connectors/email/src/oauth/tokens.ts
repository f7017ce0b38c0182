import { z } from "zod";
import { ask, WebRefusal } from "./web.ts";

/** Before a token runs out, another is had. */
const MARGIN_MS = 60_000;
/** A token that was given so lately is not refused because it is old. */
const FRESH_MS = 60_000;
const ANSWER_MS = 30_000;
const MAX_BYTES = 64 * 1024;
const MOST_SECONDS = 86_400;

const answer = z.looseObject({
  /** RFC 6750, section 2.1, and nothing that would end a field of SASL. */
  access_token: z
    .string()
    .max(32_768)
    .regex(/^[\x21-\x7e]+$/),
  /** One that lives longer than a day is had anew after a day. */
  expires_in: z.coerce
    .number<string | number>()
    .min(0)
    .transform((seconds) => Math.min(seconds, MOST_SECONDS)),
});
/** RFC 6749, section 5.2. */
const refusal = z.looseObject({
  error: z.enum([
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
  ]),
});

/** How a token is asked for: RFC 6749, section 4.4, or RFC 7523. */
export interface TokenRequest {
  readonly url: URL;
  /** What is posted, signed at that time where it is signed. */
  body(at: Date): URLSearchParams;
}

interface Token {
  readonly value: string;
  readonly at: number;
  readonly until: number;
}

/** Tokens of one application and purpose: one is used by all until shortly before it ends, and asked for once whoever waits. */
export class Tokens {
  readonly #request: TokenRequest;
  readonly #now: () => Date;
  #token: Token | undefined;
  #asking: { readonly answer: Promise<Token>; readonly stop: AbortController; waiting: number } | undefined;

  constructor(request: TokenRequest, now: () => Date = () => new Date()) {
    this.#request = request;
    this.#now = now;
  }

  /**
   * Does something with a token; where that is refused, once more with another. Not where the refused one was given within the last
   * minute.
   *
   * @param isRefusal whether an error of `act` is about the token
   * @throws {WebRefusal} where no token is given; what `act` throws
   */
  async using<Done>(
    act: (token: string) => Promise<Done>,
    isRefusal: (cause: unknown) => boolean,
    signal: AbortSignal,
  ): Promise<Done> {
    const token = await this.#have(signal);
    try {
      return await act(token.value);
    } catch (cause) {
      if (!isRefusal(cause) || this.#now().getTime() - token.at < FRESH_MS) throw cause;
      if (this.#token === token) this.#token = undefined;
    }
    const { value } = await this.#have(signal);
    return act(value);
  }

  async #have(signal: AbortSignal): Promise<Token> {
    signal.throwIfAborted();
    if (this.#token && this.#now().getTime() < this.#token.until) return this.#token;
    const asking = (this.#asking ??= this.#ask());
    asking.waiting += 1;
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener("abort", leave);
    try {
      return await Promise.race([asking.answer, left]);
    } finally {
      signal.removeEventListener("abort", leave);
      asking.waiting -= 1;
      if (asking.waiting === 0) {
        asking.stop.abort();
        if (this.#asking === asking) this.#asking = undefined;
      }
    }
  }

  #ask() {
    const stop = new AbortController();
    const asked = this.#askOnce(stop.signal);
    // Whoever waits is told.
    asked.catch(() => undefined);
    return { answer: asked, stop, waiting: 0 };
  }

  async #askOnce(signal: AbortSignal): Promise<Token> {
    const now = this.#now();
    const { url } = this.#request;
    const init = { method: "POST", body: this.#request.body(now) };
    const options = { maxBytes: MAX_BYTES, withinMs: ANSWER_MS, now, refusalOf };
    const { data } = answer.safeParse(await ask(url, init, options, signal));
    if (!data) throw new WebRefusal(200, 0, "no token: the answer is not understood");
    const at = now.getTime();
    this.#token = { value: data.access_token, at, until: at + data.expires_in * 1_000 - MARGIN_MS };
    return this.#token;
  }
}

/** Of what the directory says, the one word that RFC 6749 has for it: the rest may name people. */
function refusalOf(status: number, said: unknown, retryAfterMs: number): WebRefusal {
  const word = refusal.safeParse(said).data?.error;
  // 400 is of a tenant, a client or a scope that is not known: RFC 6749, section 5.2.
  return new WebRefusal(
    status === 400 ? 401 : status,
    retryAfterMs,
    `no token: ${word ?? `status ${status}`}`,
  );
}
