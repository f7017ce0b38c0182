import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basic, FakeApi, json } from "./fake-api.ts";

export interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: string;
}

/** A message as the API lists it, as far as it is needed. */
export interface TwilioMessage {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly direction: "inbound" | "outbound-api";
  readonly status: string;
  readonly sentAt: Date;
  readonly media: readonly { readonly sid: string; readonly bytes: Buffer; readonly mediaType: string }[];
}

export type TwilioFault =
  /** A message is taken, and the connection ends without an answer, or stays open without one. */
  | "unanswered"
  | "silent"
  /** Half of a medium's bytes come. */
  | "broken-off"
  /** A medium is said to be elsewhere. */
  | { readonly location: string };

const VERSION = "/2010-04-01/Accounts";

/**
 * Twilio as it documents itself, as far as messages need it: webhooks signed over the URL that is set, posted once; the list of
 * messages in pages, filtered by `DateSent>`; one message; its media, behind a redirect; messages that are sent. The API takes the
 * account's token alone.
 */
export class Twilio extends FakeApi<TwilioFault> {
  readonly messages: TwilioMessage[] = [];
  /** What was asked to be sent, and taken. */
  readonly sent: (TwilioMessage & { readonly statusCallback: string | undefined })[] = [];
  /** Called as a message was taken, before that is answered. */
  onSent: () => void = () => undefined;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Messages that the list has, and which cannot be had. */
  readonly gone = new Set<string>();
  /** On one page, whatever is asked for. */
  pageSize = 1_000;
  authToken: string;
  readonly accountSid: string;

  private constructor(account: TwilioAccount) {
    super();
    this.accountSid = account.accountSid;
    this.authToken = account.authToken;
  }

  static start(account: TwilioAccount): Promise<Twilio> {
    return new Twilio(account).listen();
  }

  static sid(kind: "SM" | "MM" | "ME"): string {
    return `${kind}${randomBytes(16).toString("hex")}`;
  }

  /** Somebody wrote, or was written to: the API has it from then on. */
  has(of: Partial<TwilioMessage> & Pick<TwilioMessage, "from" | "to" | "body">): TwilioMessage {
    const message: TwilioMessage = {
      sid: Twilio.sid("SM"),
      direction: "inbound",
      status: "received",
      sentAt: new Date(),
      media: [],
      ...of,
    };
    this.messages.push(message);
    return message;
  }

  /** What a webhook says of a message that came. */
  parametersOf({ sid, from, to, body, media }: TwilioMessage): [string, string][] {
    return [
      ["ToCountry", "GB"],
      ["MessageSid", sid],
      ["SmsStatus", "received"],
      ["Body", body],
      ["To", to],
      ["NumSegments", "1"],
      ["NumMedia", String(media.length)],
      ["From", from],
      ["AccountSid", this.accountSid],
      ["ApiVersion", "2010-04-01"],
      ...media.flatMap(({ mediaType, sid: medium }, n): [string, string][] => [
        [`MediaContentType${n}`, mediaType],
        [`MediaUrl${n}`, `${this.url}${VERSION}/${this.accountSid}/Messages/${sid}/Media/${medium}`],
      ]),
    ];
  }

  /** What a status callback says of a message that was sent. */
  statusOf({ sid, from, to }: TwilioMessage, status: string, errorCode?: string): [string, string][] {
    return [
      ["SmsSid", sid],
      ["SmsStatus", status],
      ["MessageStatus", status],
      ["To", to],
      ["MessageSid", sid],
      ["AccountSid", this.accountSid],
      ["From", from],
      ["ApiVersion", "2010-04-01"],
      ...(errorCode === undefined ? [] : ([["ErrorCode", errorCode]] as [string, string][])),
    ];
  }

  /** As Twilio documents it: the URL, then each name and value, by name. */
  sign(url: string, parameters: readonly (readonly [string, string])[], token = this.authToken): string {
    const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
    const text = url + sorted.map(([name, value]) => name + value).join("");
    return createHmac("sha1", token).update(Buffer.from(text, "utf-8")).digest("base64");
  }

  /**
   * Posts a webhook once.
   *
   * @param to where it goes @param url as it is set at Twilio
   * @returns the status; 0 where nobody answers
   */
  async post(
    to: string,
    url: string,
    parameters: readonly (readonly [string, string])[],
    signature = this.sign(url, parameters),
  ): Promise<number> {
    try {
      const response = await fetch(to, {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
          "x-twilio-signature": signature,
        },
        body: parameters.map((one) => one.map(encodeURIComponent).join("=")).join("&"),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  protected answer(
    url: URL,
    { request, body }: { readonly request: IncomingMessage; readonly body: string },
    response: ServerResponse,
  ): void {
    this.asked.push(`${url.pathname}${url.search}`);
    // A place that its own API names, which needs no credentials.
    if (url.pathname.startsWith("/stored/")) return this.#stored(url, request, response);
    if (request.headers.authorization !== basic(this.accountSid, this.authToken))
      return json(response, 401, { code: 20003 });
    if (this.fails(response, ({ status, code }, headers) => json(response, status, { code }, headers)))
      return;
    const fault = typeof this.faults[0] === "object" ? this.faults.shift() : undefined;
    const [, rest = ""] = url.pathname.split(`${VERSION}/${this.accountSid}/`);
    if (rest === "Messages.json")
      return request.method === "POST"
        ? this.#send(new URLSearchParams(body), response)
        : this.#list(url, response);
    const [, sid = "", , medium] = /^Messages\/(\w+?)(\.json|\/Media\.json|\/Media\/(\w+))$/.exec(rest) ?? [];
    const message = this.messages.find((one) => one.sid === sid);
    if (!message || this.gone.has(sid)) return json(response, 404, { code: 20404 });
    if (rest.endsWith("/Media.json"))
      return json(response, 200, {
        media_list: message.media.map((one) => ({
          sid: one.sid,
          content_type: one.mediaType,
          uri: `${VERSION}/${this.accountSid}/Messages/${sid}/Media/${one.sid}.json`,
        })),
      });
    if (medium === undefined) return json(response, 200, this.#shown(message));
    const found = message.media.some((one) => one.sid === medium);
    if (!found) return json(response, 404, { code: 20404 });
    const location =
      typeof fault === "object" && "location" in fault
        ? fault.location
        : `${this.url}/stored/${sid}/${medium}`;
    response.writeHead(307, { location }).end();
  }

  #send(asked: URLSearchParams, response: ServerResponse): void {
    const [from, to, body] = ["From", "To", "Body"].map((name) => asked.get(name));
    if (!/^\+\d{7,15}$/.test(to ?? "")) return json(response, 400, { code: 21211, status: 400 });
    if (!from || !body) return json(response, 400, { code: from ? 21602 : 21603, status: 400 });
    if (body.length > 1_600) return json(response, 400, { code: 21617, status: 400 });
    const message = this.has({ from, to: to!, body, direction: "outbound-api", status: "queued" });
    this.sent.push({ ...message, statusCallback: asked.get("StatusCallback") ?? undefined });
    this.onSent();
    const [fault] = this.faults;
    if (fault !== "unanswered" && fault !== "silent")
      return json(response, 201, { ...this.#shown(message), date_sent: null });
    this.faults.shift();
    if (fault === "unanswered") response.destroy();
  }

  #list(url: URL, response: ServerResponse): void {
    const from = new Date(url.searchParams.get("DateSent>") ?? 0);
    const page = Number(url.searchParams.get("Page") ?? 0);
    const found = this.messages
      .filter(({ sentAt }) => Math.floor(sentAt.getTime() / 1_000) * 1_000 >= from.getTime())
      .sort((a, b) => b.sentAt.getTime() - a.sentAt.getTime());
    const size = Math.min(this.pageSize, Number(url.searchParams.get("PageSize") ?? 50));
    const next = new URLSearchParams(url.searchParams);
    next.set("Page", String(page + 1));
    json(response, 200, {
      messages: found.slice(page * size, (page + 1) * size).map((one) => this.#shown(one)),
      next_page_uri: (page + 1) * size < found.length ? `${url.pathname}?${next.toString()}` : null,
    });
  }

  #shown({ sid, from, to, body, direction, status, sentAt, media }: TwilioMessage): object {
    const date = sentAt.toUTCString().replace("GMT", "+0000");
    return {
      ...{ sid, from, to, body, direction, status, account_sid: this.accountSid, error_code: null },
      num_media: String(media.length),
      date_sent: date,
      date_created: date,
      uri: `${VERSION}/${this.accountSid}/Messages/${sid}.json`,
    };
  }

  #stored(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const [, , sid, name] = url.pathname.split("/");
    const message = this.messages.find((one) => one.sid === sid);
    const medium = message?.media.find((one) => one.sid === name);
    // Nobody is to show the account's token to another place than the API.
    if (!medium || request.headers.authorization !== undefined) return json(response, 403, {});
    response.writeHead(200, { "content-type": medium.mediaType, "content-length": medium.bytes.length });
    if (this.faults[0] !== "broken-off") return void response.end(medium.bytes);
    this.faults.shift();
    response.write(medium.bytes.subarray(0, medium.bytes.length / 2), () => response.destroy());
  }
}
