import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { basic, FakeApi, json } from "./fake-api.ts";

/** A message as Vonage has it, as far as it is needed. */
export interface VonageMessage {
  readonly id: string;
  readonly product: "MESSAGES" | "SMS";
  readonly direction: "inbound" | "outbound";
  /** Of the product MESSAGES: which channel. */
  readonly provider: string;
  readonly from: string;
  readonly to: string;
  /** Undefined for one that is redacted. */
  readonly body: string | undefined;
  readonly status: string;
  readonly receivedAt: Date;
}

export type VonageFault =
  /** A message is taken, and nothing is answered. */
  | "unanswered"
  /** Answered, and not done. */
  | "FAILED";

const DAY_MS = 24 * 3_600_000;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?(?:Z|[+-]\d\d:?\d\d)$/;

const number = z.string().regex(/^\d{7,15}$/);
const outgoing = z.strictObject({
  channel: z.literal("sms"),
  message_type: z.literal("text"),
  ...{ to: number, from: number },
  text: z.string().min(1).max(1_000),
  webhook_url: z.url().optional(),
  webhook_version: z.literal("v1").optional(),
});

/**
 * Vonage's Messages API, as far as texts are sent by it, and its Reports API as it documents itself, as far as text messages need it: records had at once, by times or by ids, a thousand
 * on a page and the rest by a cursor that is good with its own query and vector alone; words where they are asked for.
 */
export class Vonage extends FakeApi<VonageFault> {
  readonly messages: VonageMessage[] = [];
  /** What was asked to be sent, and taken. */
  readonly sent: (VonageMessage & { readonly webhookUrl: string | undefined })[] = [];
  /** What was asked for. */
  readonly asked: URLSearchParams[] = [];
  /** Messages that are listed, and not found by their id. */
  readonly gone = new Set<string>();
  limit = 1_000;
  apiSecret = "a secret of the API, made up";
  readonly apiKey = "abcd1234";
  readonly #cursors = new Map<string, { readonly iv: string; readonly query: string; readonly at: number }>();

  static start(): Promise<Vonage> {
    return new Vonage().listen();
  }

  /** Somebody wrote, or was written to: reports have it from then on. */
  has(of: Partial<VonageMessage> & Pick<VonageMessage, "from" | "to">): VonageMessage {
    const message: VonageMessage = {
      ...{ id: randomUUID(), product: "MESSAGES", direction: "inbound", provider: "sms" },
      ...{ body: "Hello", status: "delivered", receivedAt: new Date() },
      ...of,
    };
    this.messages.push(message);
    return message;
  }

  protected answer(
    url: URL,
    { request, body }: { readonly request: IncomingMessage; readonly body: string },
    response: ServerResponse,
  ): void {
    const asked = url.searchParams;
    if (request.method === "GET") this.asked.push(asked);
    if (request.headers.authorization !== basic(this.apiKey, this.apiSecret))
      return problem(response, 401, "Unauthorized");
    const isRefused = this.fails(response, ({ status, code = "Fault" }, headers) =>
      problem(response, status, String(code), headers),
    );
    if (isRefused) return;
    if (request.method === "POST" && url.pathname === "/v1/messages") return this.#send(body, response);
    const fault = this.faults.shift();
    if (url.pathname !== "/v2/reports/records") return problem(response, 404, "Not Found");
    if (asked.get("account_id") !== this.apiKey) return problem(response, 403, "Forbidden");
    const isKnown = ["MESSAGES", "SMS"].includes(asked.get("product") ?? "");
    if (!isKnown || !["inbound", "outbound"].includes(asked.get("direction") ?? ""))
      return problem(response, 422, "Unprocessable entity");
    const found = asked.has("id") ? this.#byId(asked) : this.#byTime(asked);
    if (!found) return problem(response, 422, "Unprocessable entity");
    if (fault === "FAILED") return json(response, 200, { request_status: "FAILED" });
    this.#page(asked, found, response);
  }

  #send(body: string, response: ServerResponse): void {
    const { data } = outgoing.safeParse(JSON.parse(body));
    if (!data) return problem(response, 422, "Your request parameters did not validate");
    const { from, to, text, webhook_url: webhookUrl } = data;
    const message = this.has({ from, to, body: text, direction: "outbound", status: "submitted" });
    this.sent.push({ ...message, webhookUrl });
    if (this.faults[0] !== "unanswered")
      return json(response, 202, { message_uuid: message.id, workflow_id: null });
    this.faults.shift();
    response.destroy();
  }

  #byId(asked: URLSearchParams): VonageMessage[] | undefined {
    if (["date_start", "date_end", "status"].some((name) => asked.has(name))) return undefined;
    const ids = new Set((asked.get("id") ?? "").split(","));
    return this.#of(asked).filter(({ id }) => ids.has(id) && !this.gone.has(id));
  }

  #byTime(asked: URLSearchParams): VonageMessage[] | undefined {
    const [start, end] = ["date_start", "date_end"].map((name) => asked.get(name) ?? "");
    if (!DATE.test(start!) || !DATE.test(end!)) return undefined;
    const [from, to] = [Date.parse(start!), Date.parse(end!)];
    if (to - from > DAY_MS) return undefined;
    return this.#of(asked).filter(({ receivedAt: at }) => from <= at.getTime() && at.getTime() < to);
  }

  #of(asked: URLSearchParams): VonageMessage[] {
    const [product, direction] = [asked.get("product"), asked.get("direction")];
    return this.messages.filter((one) => one.product === product && one.direction === direction);
  }

  #page(asked: URLSearchParams, found: readonly VonageMessage[], response: ServerResponse): void {
    const bare = new URLSearchParams(asked);
    for (const name of ["cursor", "iv"]) bare.delete(name);
    const query = bare.toString();
    const given = asked.get("cursor");
    const cursor = given === null ? undefined : this.#cursors.get(given);
    const isStrange = given !== null && (cursor?.iv !== asked.get("iv") || cursor.query !== query);
    if (isStrange) return problem(response, 422, "Unprocessable entity");
    const at = cursor?.at ?? 0;
    const records = found.slice(at, at + this.limit);
    const ids = (asked.get("id") ?? "").split(",").filter((id) => id !== "");
    const lost = ids.filter((id) => !found.some((one) => one.id === id));
    const self = { href: `${this.url}/v2/reports/records?${query}` };
    const next = at + this.limit < found.length ? this.#cursor(query, at + this.limit) : undefined;
    json(response, 200, {
      _links: next
        ? { self, next: { href: `${self.href}&${new URLSearchParams(next).toString()}` } }
        : { self },
      request_id: randomUUID(),
      request_status: next ? "TRUNCATED" : "SUCCESS",
      ...next,
      ...(lost.length > 0 && { ids_not_found: lost.join(",") }),
      ...{ account_id: this.apiKey, product: asked.get("product"), direction: asked.get("direction") },
      items_count: records.length,
      records: records.map((one) => this.#shown(one, asked.get("include_message") === "true")),
    });
  }

  #cursor(query: string, at: number): { cursor: string; iv: string } {
    const [cursor, iv] = [randomBytes(96).toString("base64url"), randomBytes(16).toString("base64url")];
    this.#cursors.set(cursor, { iv, query, at });
    return { cursor, iv };
  }

  #shown(
    { id, product, direction, provider, from, to, body, status, receivedAt }: VonageMessage,
    words: boolean,
  ) {
    return {
      ...{ account_id: this.apiKey, message_id: id, direction, from, to },
      date_received: `${receivedAt.toISOString().slice(0, 19)}+0000`,
      ...(product === "MESSAGES" && { provider }),
      ...(direction === "outbound" && { status, error_code: "0" }),
      ...(words && body !== undefined && { message_body: body }),
      ...{ total_price: "0.0062", currency: "EUR" },
    };
  }
}

function problem(
  response: ServerResponse,
  status: number,
  title: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  json(response, status, { title, instance: randomUUID() }, headers);
}
