import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type MicrosoftApplication, microsoftTokens } from "../oauth/microsoft.ts";
import type { Tokens } from "../oauth/tokens.ts";
import { ask, WebRefusal } from "../oauth/web.ts";
import { type TraceRow, traceRow } from "./row.ts";

/** Whose message trace is read, by an application that may. */
export interface TraceCredentials {
  readonly application: MicrosoftApplication;
  /** Where Graph is; without a path. */
  readonly graphUrl: string;
}

/** Of which messages a list is asked for. */
export interface TraceQuery {
  readonly by: "senderAddress" | "recipientAddress";
  readonly address: string;
  /** Both included. At most 10 days, of the last 90. */
  readonly from: Date;
  readonly to: Date;
}

const PATH = "/v1.0/admin/exchange/tracing/messageTraces";
/** The most that Graph takes. */
const PAGE = 5_000;
/** A list that goes round in circles ends. */
const MAX_PAGES = 200;
const ANSWER_MS = 60_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** A tenant has 100 requests in 5 minutes, for all its programs: half of them are left to others. */
const PACE_MS = 6_000;

const page = z.looseObject({
  value: z.array(traceRow),
  "@odata.nextLink": z.string().max(16_384).nullish(),
});

/**
 * Microsoft Graph's message trace: what a tenant's Exchange Online says that it sent and got.
 *
 * @see Microsoft Graph, "List messageTraces"
 */
export class TraceApi {
  readonly #tokens: Tokens;
  readonly #paceMs: number;
  readonly #now: () => Date;
  readonly #list: URL;
  #nextAt = 0;

  constructor(
    { application, graphUrl }: TraceCredentials,
    { now, paceMs = PACE_MS }: { now: () => Date; paceMs?: number },
  ) {
    this.#tokens = microsoftTokens(application, graphUrl, now);
    this.#paceMs = paceMs;
    this.#now = now;
    this.#list = new URL(PATH, graphUrl);
  }

  /** Asks for one row and forgets it, to know whether the credentials are taken. @throws {WebRefusal} */
  async prove(signal: AbortSignal): Promise<void> {
    await this.#page(new URL("?$top=1", this.#list), signal);
  }

  /**
   * The rows of a query, page by page, in no order that is relied on.
   *
   * @throws {WebRefusal} where all of it is not had: what was had is then no list
   */
  async *rows({ by, address, from, to }: TraceQuery, signal: AbortSignal): AsyncGenerator<TraceRow[]> {
    const filter = [
      `receivedDateTime ge ${withoutFraction(from)}`,
      `receivedDateTime le ${withoutFraction(to)}`,
      `${by} eq '${address.replaceAll("'", "''")}'`,
    ].join(" and ");
    let next: URL | undefined = new URL(`?$filter=${encodeURIComponent(filter)}&$top=${PAGE}`, this.#list);
    for (let n = 0; next; n += 1) {
      if (n >= MAX_PAGES) throw new WebRefusal(200);
      const { value, "@odata.nextLink": link }: z.infer<typeof page> = await this.#page(next, signal);
      yield value;
      next = link ? (URL.parse(link, this.#list.href) ?? this.#list) : undefined;
      // Wherever else it points to, the token does not go.
      if (next && (next.origin !== this.#list.origin || next.pathname !== PATH || next.search === ""))
        throw new WebRefusal(200);
    }
  }

  /** A token may be revoked before it runs out. */
  #page(url: URL, signal: AbortSignal): Promise<z.infer<typeof page>> {
    const isRefusal = (cause: unknown) => cause instanceof WebRefusal && cause.status === 401;
    return this.#tokens.using((token) => this.#pageOnce(url, token, signal), isRefusal, signal);
  }

  async #pageOnce(url: URL, token: string, signal: AbortSignal): Promise<z.infer<typeof page>> {
    await this.#takeTurn(signal);
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    const options = { maxBytes: MAX_ANSWER_BYTES, withinMs: ANSWER_MS, now: this.#now() };
    const { data } = page.safeParse(await ask(url, { headers }, options, signal));
    if (!data) throw new WebRefusal(200);
    return data;
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    const at = performance.now();
    const turn = Math.max(at, this.#nextAt);
    this.#nextAt = turn + this.#paceMs;
    if (turn > at) await sleep(turn - at, undefined, { signal });
  }
}

/** As Graph documents it: whole seconds. */
function withoutFraction(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
