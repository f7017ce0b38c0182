import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { bytesOf, jsonOf, TraceRefusal } from "./answer.ts";
import { type TraceRow, traceRow } from "./row.ts";

/** An application of the tenant's directory that may read message traces. */
export interface TraceCredentials {
  /** The directory: its id, or a domain of it. */
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: () => string;
  /** Where tokens are had, and where Graph is; without a path. */
  readonly loginUrl: string;
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
const MAX_TOKEN_BYTES = 64 * 1024;
/** A tenant has 100 requests in 5 minutes, for all its programs: half of them are left to others. */
const PACE_MS = 6_000;
/** Before a token runs out, another is had. */
const MARGIN_MS = 60_000;

const token = z.looseObject({
  access_token: z.string().min(1).max(32_768),
  expires_in: z.coerce.number<string | number>().min(0).max(86_400),
});
const page = z.looseObject({
  value: z.array(traceRow),
  "@odata.nextLink": z.string().max(16_384).nullish(),
});

/**
 * Microsoft Graph's message trace: what a tenant's Exchange Online says that it sent and got.
 *
 * @see Microsoft Graph, "List messageTraces"; Microsoft identity platform, "client credentials flow"
 */
export class TraceApi {
  readonly #of: TraceCredentials;
  readonly #paceMs: number;
  readonly #now: () => Date;
  readonly #list: URL;
  #token: { readonly value: string; readonly until: number } | undefined;
  #nextAt = 0;

  constructor(of: TraceCredentials, { now, paceMs = PACE_MS }: { now: () => Date; paceMs?: number }) {
    this.#of = of;
    this.#paceMs = paceMs;
    this.#now = now;
    this.#list = new URL(PATH, of.graphUrl);
  }

  /** Asks for one row and forgets it, to know whether the credentials are taken. @throws {TraceRefusal} */
  async prove(signal: AbortSignal): Promise<void> {
    await this.#page(new URL("?$top=1", this.#list), signal);
  }

  /**
   * The rows of a query, page by page, in no order that is relied on.
   *
   * @throws {TraceRefusal} where all of it is not had: what was had is then no list
   */
  async *rows({ by, address, from, to }: TraceQuery, signal: AbortSignal): AsyncGenerator<TraceRow[]> {
    const filter = [
      `receivedDateTime ge ${withoutFraction(from)}`,
      `receivedDateTime le ${withoutFraction(to)}`,
      `${by} eq '${address.replaceAll("'", "''")}'`,
    ].join(" and ");
    let next: URL | undefined = new URL(`?$filter=${encodeURIComponent(filter)}&$top=${PAGE}`, this.#list);
    for (let n = 0; next; n += 1) {
      if (n >= MAX_PAGES) throw new TraceRefusal(200);
      const { value, "@odata.nextLink": link }: z.infer<typeof page> = await this.#page(next, signal);
      yield value;
      next = link ? (URL.parse(link, this.#list.href) ?? this.#list) : undefined;
      // Wherever else it points to, the token does not go.
      if (next && (next.origin !== this.#list.origin || next.pathname !== PATH || next.search === ""))
        throw new TraceRefusal(200);
    }
  }

  async #page(url: URL, signal: AbortSignal): Promise<z.infer<typeof page>> {
    const had = this.#token;
    try {
      return await this.#pageOnce(url, signal);
    } catch (cause) {
      // A token may be revoked before it runs out: one that was had now is not refused for that.
      if (!(cause instanceof TraceRefusal) || cause.status !== 401 || !had) throw cause;
      this.#token = undefined;
      return this.#pageOnce(url, signal);
    }
  }

  async #pageOnce(url: URL, signal: AbortSignal): Promise<z.infer<typeof page>> {
    const bearer = await this.#bearer(signal);
    await this.#takeTurn(signal);
    const headers = { authorization: `Bearer ${bearer}`, accept: "application/json" };
    const { data } = page.safeParse(await this.#ask(url, { headers }, MAX_ANSWER_BYTES, signal));
    if (!data) throw new TraceRefusal(200);
    return data;
  }

  async #bearer(signal: AbortSignal): Promise<string> {
    const at = this.#now().getTime();
    if (this.#token && at < this.#token.until) return this.#token.value;
    const { tenant, clientId, clientSecret, loginUrl, graphUrl } = this.#of;
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret(),
      scope: new URL("/.default", graphUrl).href,
    });
    const url = new URL(`/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, loginUrl);
    const answer = await this.#ask(url, { method: "POST", body }, MAX_TOKEN_BYTES, signal).catch(
      (cause: unknown) => {
        // 400 is of a tenant, a client or a scope that is not known: RFC 6749, section 5.2.
        throw cause instanceof TraceRefusal && cause.status === 400 ? new TraceRefusal(401) : cause;
      },
    );
    const { data } = token.safeParse(answer);
    if (!data) throw new TraceRefusal(200);
    this.#token = { value: data.access_token, until: at + data.expires_in * 1_000 - MARGIN_MS };
    return data.access_token;
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    const at = performance.now();
    const turn = Math.max(at, this.#nextAt);
    this.#nextAt = turn + this.#paceMs;
    if (turn > at) await sleep(turn - at, undefined, { signal });
  }

  /** @returns what its JSON says @throws {TraceRefusal} */
  async #ask(url: URL, of: RequestInit, maxBytes: number, signal: AbortSignal): Promise<unknown> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const response = await fetch(url, { ...of, redirect: "error", signal: within });
      if (response.ok) return jsonOf(await bytesOf(response, maxBytes));
      await response.body?.cancel();
      throw TraceRefusal.of(response, this.#now());
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof TraceRefusal ? cause : new TraceRefusal(0);
    }
  }
}

/** As Graph documents it: whole seconds. */
function withoutFraction(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
