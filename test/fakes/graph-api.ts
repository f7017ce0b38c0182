import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Where the webhook is, and what Meta knows of the app. */
export interface GraphApp {
  readonly secret: string;
  readonly accessToken: string;
}

interface Medium {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly expiresAt: number;
  /** Of what is told, where it is not the bytes' own. */
  readonly sha256: string;
}

/** A message that was sent through the API. */
export interface SentMessage {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly body: Record<string, unknown>;
}

/** What happens to the coming requests, in order. */
export type GraphFault =
  /** Meta's error, with nothing done. */
  | { readonly status: number; readonly code?: number }
  /** Nothing is done, and nothing is answered. */
  | "lost"
  /** It is done, and nothing is answered. */
  | "kept"
  /** Half of a medium's bytes come. */
  | "broken-off";

export const MEDIA_LIFE_MS = 7 * 86_400_000;
export const URL_LIFE_MS = 300_000;

/**
 * A Graph API that behaves as Meta documents it, as far as WhatsApp needs it: messages are sent within 24 hours of what the
 * person wrote; media ids live 7 days and their addresses 5 minutes, both need the token; webhooks are signed over the
 * escaped bytes and sent again, with growing pauses, until they are answered with 200.
 */
export class GraphApi {
  readonly sent: SentMessage[] = [];
  readonly faults: GraphFault[] = [];
  /** Messages that one second takes. */
  perSecond = 80;
  /** How Meta says that each number stands; of others it says that it does not know them. */
  readonly numbers = new Map<string, Readonly<Record<string, unknown>>>();
  /** The token that it takes: another, once it was replaced. */
  accessToken: string;
  /** Moved by tests. */
  now = () => Date.now();
  readonly #app: GraphApp;
  readonly #server: Server;
  readonly #media = new Map<string, Medium>();
  readonly #urls = new Map<string, { id: string; expiresAt: number }>();
  readonly #inbound = new Map<string, number>();
  #recent: number[] = [];
  #isClosed = false;

  private constructor(app: GraphApp) {
    this.#app = app;
    this.accessToken = app.accessToken;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(app: GraphApp): Promise<GraphApi> {
    const api = new GraphApi(app);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v25.0`;
  }

  /** Nothing is delivered any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A medium that somebody sent. @param lies about its hash, where given */
  upload(bytes: Buffer, mediaType: string, lies?: string): { id: string; sha256: string } {
    const id = String(10 ** 15 + this.#media.size);
    const sha256 = lies ?? createHash("sha256").update(bytes).digest("hex");
    this.#media.set(id, { bytes, mediaType, sha256, expiresAt: this.now() + MEDIA_LIFE_MS });
    return { id, sha256 };
  }

  /** Somebody wrote: the number may answer freely for 24 hours. */
  wrote(person: string): void {
    this.#inbound.set(person, this.now());
  }

  /** The body of a webhook as Meta sends it: everything beyond ASCII is escaped, and so is `/`. */
  static encode(payload: unknown): Buffer {
    const text = JSON.stringify(payload)
      .replaceAll("/", "\\/")
      .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return Buffer.from(text);
  }

  /** @param secret another than the app's, while it is being replaced */
  sign(body: Uint8Array, secret = this.#app.secret): string {
    return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  }

  /** Posts once. @returns the status; 0 where nobody answers */
  async post(webhook: string, body: Buffer, signature = this.sign(body)): Promise<number> {
    try {
      const { status } = await fetch(webhook, {
        method: "POST",
        headers: { "content-type": "application/json", "x-hub-signature-256": signature },
        body: new Uint8Array(body),
      });
      return status;
    } catch {
      return 0;
    }
  }

  /** Posts until it is answered with 200. @returns how often; gives up after `attempts`, or once it is closed */
  async deliver(
    webhook: string,
    payload: unknown,
    { attempts = 1_000, pauseMs = 5 }: { attempts?: number; pauseMs?: number } = {},
  ): Promise<number> {
    const body = GraphApi.encode(payload);
    for (let n = 1; n <= attempts && !this.#isClosed; n += 1) {
      if ((await this.post(webhook, body)) === 200) return n;
      await new Promise((resolve) => setTimeout(resolve, Math.min(500, pauseMs * 1.2 ** n)));
    }
    throw new Error("the webhook was never answered with 200");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const body = await bodyOf(request);
    const isTaken = request.headers.authorization === `Bearer ${this.accessToken}`;
    // Asked now and then, whatever else happens: faults are of what a test does.
    if (url.searchParams.has("fields")) return this.#describe(url, isTaken, response);
    const fault = this.faults.shift();
    if (fault === "lost") return void response.destroy();
    if (typeof fault === "object") return fail(response, fault.status, fault.code);
    if (!isTaken) return fail(response, 401, 190);
    const messages = /^\/v25\.0\/(\d+)\/messages$/.exec(url.pathname);
    if (request.method === "POST" && messages) {
      return this.#send(
        messages[1]!,
        JSON.parse(body) as Record<string, unknown>,
        response,
        fault === "kept",
      );
    }
    if (url.pathname.startsWith("/media/")) return this.#download(url, response, fault === "broken-off");
    const id = /^\/v25\.0\/(\d+)$/.exec(url.pathname)?.[1] ?? "";
    return this.#tell(id, response);
  }

  #describe(url: URL, isTaken: boolean, response: ServerResponse): void {
    if (!isTaken) return fail(response, 401, 190);
    const id = /^\/v25\.0\/(\d+)$/.exec(url.pathname)?.[1] ?? "";
    const number = this.numbers.get(id);
    if (!number) return fail(response, 400, 100);
    const fields = url.searchParams.get("fields")!.split(",");
    json(response, 200, {
      ...Object.fromEntries(Object.entries(number).filter(([name]) => fields.includes(name))),
      id,
    });
  }

  #send(
    phoneNumberId: string,
    body: Record<string, unknown>,
    response: ServerResponse,
    silent: boolean,
  ): void {
    const at = this.now();
    this.#recent = this.#recent.filter((one) => at - one < 1_000);
    if (this.#recent.length >= this.perSecond) return fail(response, 429, 130429);
    const to = (body.to ?? body.recipient) as string;
    const isOpen = at - (this.#inbound.get(to) ?? -Infinity) < 86_400_000;
    if (!isOpen && body.type !== "template") return fail(response, 400, 131047);
    const { text } = body as { text?: { body?: string } };
    if ((text?.body?.length ?? 0) > 4_096) return fail(response, 400, 100);
    this.#recent.push(at);
    const id = `wamid.${randomUUID()}`;
    this.sent.push({ id, phoneNumberId, body });
    if (silent) return void response.destroy();
    json(response, 200, {
      messaging_product: "whatsapp",
      contacts: [{ input: to, wa_id: to }],
      messages: [{ id, message_status: "accepted" }],
    });
  }

  #tell(id: string, response: ServerResponse): void {
    const medium = this.#media.get(id);
    if (!medium || medium.expiresAt <= this.now()) return fail(response, 400, 100);
    const token = randomUUID();
    this.#urls.set(token, { id, expiresAt: this.now() + URL_LIFE_MS });
    json(response, 200, {
      messaging_product: "whatsapp",
      url: `${new URL(this.url).origin}/media/?mid=${token}`,
      mime_type: medium.mediaType,
      sha256: medium.sha256,
      file_size: medium.bytes.length,
      id,
    });
  }

  #download(url: URL, response: ServerResponse, breaksOff: boolean): void {
    const found = this.#urls.get(url.searchParams.get("mid") ?? "");
    const medium = found && found.expiresAt > this.now() ? this.#media.get(found.id) : undefined;
    if (!medium) return fail(response, 404);
    response.writeHead(200, { "content-type": medium.mediaType, "content-length": medium.bytes.length });
    if (!breaksOff) return void response.end(medium.bytes);
    response.write(medium.bytes.subarray(0, medium.bytes.length / 2), () => response.destroy());
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, code?: number): void {
  json(
    response,
    status,
    code === undefined ? {} : { error: { message: `(#${code})`, type: "OAuthException", code } },
  );
}
