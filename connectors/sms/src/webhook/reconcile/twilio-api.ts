import { z } from "zod";
import { ask, basic, wholeOf } from "../media/ask.ts";
import type { TwilioSource } from "../source.ts";

const PAGE = 1_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const ANSWER_MS = 60_000;
/** A list that goes round in circles ends. */
const MAX_PAGES = 10_000;

const page = z.looseObject({ messages: z.array(z.unknown()), next_page_uri: z.string().nullish() });

/** What the API answered with something else than what was asked for. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";
  /** 0 where nobody answered. */
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs = 0) {
    super(`the provider's API answers with status ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Twilio's API, as far as messages need it. @see Twilio, "Messages resource" */
export class TwilioApi {
  readonly #source: TwilioSource;
  readonly #base: URL;

  constructor(source: TwilioSource) {
    this.#source = source;
    this.#base = new URL(`/2010-04-01/Accounts/${source.accountSid}/`, source.apiUrl);
  }

  /**
   * Everything that was sent or came since, page by page, in no order that is relied on.
   *
   * @throws {ApiRefusal}
   */
  async *since(from: Date, signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    const first = new URL("Messages.json", this.#base);
    first.searchParams.set("PageSize", String(PAGE));
    first.searchParams.set("DateSent>", `${from.toISOString().slice(0, 19)}Z`);
    let next: URL | undefined = first;
    for (let n = 0; next && n < MAX_PAGES; n += 1) {
      const { data } = page.safeParse(jsonOf(await this.get(next, signal)));
      if (!data) throw new ApiRefusal(0);
      yield data.messages;
      next = data.next_page_uri ? new URL(data.next_page_uri, this.#base) : undefined;
      // Wherever else it points to, the token does not go.
      if (next && (next.origin !== this.#base.origin || !next.pathname.startsWith(this.#base.pathname)))
        throw new ApiRefusal(0);
    }
  }

  at(path: string): URL {
    return new URL(path, this.#base);
  }

  /** @returns the answer's bytes @throws {ApiRefusal} */
  async get(url: URL, signal: AbortSignal): Promise<Buffer> {
    const { accountSid, authTokens } = this.#source;
    let refusal = new ApiRefusal(401);
    for (const token of authTokens()) {
      try {
        return await this.#once(url, basic(accountSid, token), signal);
      } catch (cause) {
        if (!(cause instanceof ApiRefusal) || cause.status !== 401) throw cause;
        refusal = cause;
      }
    }
    throw refusal;
  }

  async #once(url: URL, authorization: string, signal: AbortSignal): Promise<Buffer> {
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
}

/** Undefined for what is none. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
