import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { FakeApi, json } from "./fake-api.ts";
import { TokenEndpoint } from "./token-endpoint.ts";

/** What became of a message on its way to one recipient, as Graph lists it. */
export interface Traced {
  readonly id: string;
  readonly messageId: string | null;
  readonly senderAddress: string;
  readonly recipientAddress: string;
  readonly receivedDateTime: Date;
  readonly subject: string;
  status: string;
  /** When the list has it: trace data come late. */
  readonly listedAt: Date;
}

/** What happens to requests of the list. */
export type TraceFault =
  /** Half of the answer comes. */
  | "broken-off"
  /** What comes is whole for HTTP, and half of the JSON. */
  | "cut"
  /** The list says that it goes on at another host. */
  | "elsewhere";

const DAY_MS = 86_400_000;
const PATH = "/v1.0/admin/exchange/tracing/messageTraces";
const PROPERTIES = ["receivedDateTime ge", "receivedDateTime le", "senderAddress eq", "recipientAddress eq"];

/**
 * Graph's message trace, as it is documented, beside the token endpoint of its tenant: rows
 * for each recipient, newest first, by `$filter`, `$top` up to 5,000 and `@odata.nextLink` with `$skiptoken`; both bounds of an
 * interval, of at most 10 days, within the last 90, that does not end in the future, 48 hours without any; 100 requests in 5 minutes.
 */
export class MessageTraceApi extends FakeApi<TraceFault> {
  readonly rows: Traced[] = [];
  /** Filters and pages that were asked for. */
  readonly asked: URLSearchParams[] = [];
  readonly directory: TokenEndpoint;
  /** Whether an administrator consented to ExchangeMessageTrace.Read.All. */
  isConsented = true;
  /** On one page, whatever is asked for. */
  pageSize = 5_000;
  requestsInFiveMinutes = 100;
  now = () => Date.now();
  #requests: number[] = [];

  private constructor(of: { tenant?: string; clientId?: string }) {
    super();
    this.directory = new TokenEndpoint(of);
    this.directory.now = () => this.now();
  }

  static start(of: { tenant?: string; clientId?: string } = {}): Promise<MessageTraceApi> {
    return new MessageTraceApi(of).listen();
  }

  /** A message passed through the tenant: one row, as of one recipient. */
  has(of: Pick<Traced, "messageId"> & Partial<Traced>): Traced {
    const receivedDateTime = of.receivedDateTime ?? new Date(this.now());
    const row: Traced = {
      id: randomUUID(),
      senderAddress: "out@example.org",
      recipientAddress: "ann@example.gov.uk",
      subject: "Ferry",
      status: "delivered",
      listedAt: receivedDateTime,
      ...of,
      receivedDateTime,
    };
    this.rows.push(row);
    return row;
  }

  protected answer(
    url: URL,
    { request, body }: { readonly request: IncomingMessage; readonly body: string },
    response: ServerResponse,
  ): void {
    if (request.method === "POST") return void this.directory.answer(url, body, response, this.url);
    if (url.pathname !== PATH) return refuse(response, 404, "ResourceNotFound");
    this.asked.push(url.searchParams);
    if (this.fails(response, ({ status }, headers) => refuse(response, status, "UnknownError", headers)))
      return;
    const [fault] = this.faults.splice(0, 1) as TraceFault[];
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (!this.directory.isGood(token)) return refuse(response, 401, "InvalidAuthenticationToken");
    if (!this.isConsented) return refuse(response, 403, "Authorization_RequestDenied");
    this.#requests = [...this.#requests.filter((at) => at > this.now() - 300_000), this.now()];
    if (this.#requests.length > this.requestsInFiveMinutes)
      return refuse(response, 429, "TooManyRequests", { "retry-after": "1" });
    const rows = this.#found(url.searchParams);
    if (!rows) return refuse(response, 400, "BadRequest");
    this.#page(url, rows, fault, response);
  }

  /** Undefined for a question that is wrong. */
  #found(query: URLSearchParams): Traced[] | undefined {
    const clauses = query.get("$filter")?.split(" and ") ?? [];
    const parts = clauses.map((clause) => /^(\w+ \w+) (?:'((?:[^']|'')*)'|(\S+))$/.exec(clause));
    const given = new Map(parts.map((part) => [part?.[1], part?.[2]?.replaceAll("''", "'") ?? part?.[3]]));
    if ([...given.keys()].some((name) => name === undefined || !PROPERTIES.includes(name))) return undefined;
    const at = this.now();
    const [ge, le] = ["receivedDateTime ge", "receivedDateTime le"].map((name) => given.get(name));
    if ((ge === undefined) !== (le === undefined)) return undefined;
    const [from, to] = [Date.parse(ge ?? "") || at - 2 * DAY_MS, Date.parse(le ?? "") || at];
    const top = Number(query.get("$top") ?? 1_000);
    const isRight =
      to - from <= 10 * DAY_MS && from >= at - 90 * DAY_MS && to <= at && top >= 1 && top <= 5_000;
    if (!isRight) return undefined;
    const isOf = (address: string, name: string) => [undefined, address].includes(given.get(name));
    return this.rows
      .filter(({ receivedDateTime: received, listedAt }) => {
        const second = Math.floor(received.getTime() / 1_000) * 1_000;
        return second >= from && second <= to && listedAt.getTime() <= at;
      })
      .filter(({ senderAddress }) => isOf(senderAddress.toLowerCase(), "senderAddress eq"))
      .filter(({ recipientAddress }) => isOf(recipientAddress.toLowerCase(), "recipientAddress eq"))
      .sort((a, b) => b.receivedDateTime.getTime() - a.receivedDateTime.getTime());
  }

  #page(url: URL, rows: readonly Traced[], fault: TraceFault | undefined, response: ServerResponse): void {
    const size = Math.min(this.pageSize, Number(url.searchParams.get("$top") ?? 1_000));
    const skip = Number(url.searchParams.get("$skiptoken") ?? 0);
    const next = new URL(url);
    next.searchParams.set("$skiptoken", String(skip + size));
    if (fault === "elsewhere") next.hostname = "localhost";
    const hasMore = skip + size < rows.length || fault === "elsewhere";
    const body = JSON.stringify({
      "@odata.context": `${this.url}/v1.0/$metadata#admin/exchange/tracing/messageTraces`,
      value: rows.slice(skip, skip + size).map(({ listedAt: _, ...row }) => ({
        "@odata.type": "#microsoft.graph.exchangeMessageTrace",
        ...{ size: 45_678, fromIP: "192.0.2.1", toIP: "" },
        ...{ ...row, receivedDateTime: `${row.receivedDateTime.toISOString().slice(0, 19)}Z` },
      })),
      ...(hasMore && { "@odata.nextLink": next.href }),
    });
    const half = body.slice(0, body.length / 2);
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": fault === "cut" ? half.length : Buffer.byteLength(body),
    });
    if (fault === "broken-off") response.write(half, () => response.destroy());
    else response.end(fault === "cut" ? half : body);
  }
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const error = { code, message: "made up", innerError: { "request-id": randomUUID() } };
  json(response, status, { error }, headers);
}
