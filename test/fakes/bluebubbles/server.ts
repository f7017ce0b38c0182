import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { ChatDb } from "../imessage/index.ts";
import { type Query, Serialiser } from "./serialise.ts";

/** What becomes of one answer. `large`: more bytes than anybody reads. */
export type Fault = "none" | "5xx" | "slow" | "cut" | "gone" | "large";
/** What becomes of a message that is sent. */
export type Sending =
  | "sent"
  /** Its row is there at once, and is marked as sent by `markSent`. */
  | "late"
  /** All is well, says the answer: there is no row. */
  | "vanishes"
  | "error"
  /** BlueBubbles has it, and does not answer. */
  | "held"
  /** It is sent, and nobody hears. */
  | "unanswered"
  | "refused";
/** What becomes of what is posted of each new row. */
export type Posting = "once" | "twice" | "dropped" | "reversed";

const PASSWORD = "a password of BlueBubbles, made up";
const SLOW_MS = 300;
const LARGE_BYTES = 65 * 1024 * 1024;

/**
 * BlueBubbles Server over a `chat.db`: the part of its REST API that captures and sends, and its webhooks, with what was
 * found in its source: no signature, posted once, nothing of what came before its first look.
 */
export class BlueBubblesServer {
  readonly password = PASSWORD;
  readonly requests: { readonly path: string; readonly body: unknown }[] = [];
  /** Of the coming requests, in order. */
  readonly faults: Fault[] = [];
  sending: Sending = "sent";
  posting: Posting = "once";
  /** Whether each piece of a long answer is the first. */
  isOffsetIgnored = false;
  /** Where it posts to. */
  webhook: string | undefined;
  readonly #db: ChatDb;
  readonly #read: Serialiser;
  readonly #server: Server;
  #seen: number | undefined;
  #sent = 0;
  #port = 0;

  private constructor(db: ChatDb) {
    this.#db = db;
    this.#read = new Serialiser(db.path);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        respond(response, 500, { error: { message: String(error) } });
      });
    });
  }

  static async start(db: ChatDb, { port = 0 }: { port?: number } = {}): Promise<BlueBubblesServer> {
    const fake = new BlueBubblesServer(db);
    await new Promise<void>((resolve) => fake.#server.listen(port, "127.0.0.1", resolve));
    fake.#port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  /** Also after it was closed. */
  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#read.close();
  }

  /** What its poller does each second: posts rows that it has not seen. The first time it fills its cache alone. */
  async look(): Promise<void> {
    const newest = this.#read.newest();
    const rows =
      this.#seen === undefined
        ? []
        : this.#read.messages({
            where: [{ statement: "message.ROWID > :seen", args: { seen: this.#seen } }],
            with: ["chats"],
            sort: "ASC",
            offset: 0,
            limit: 1_000,
          });
    this.#seen = newest;
    const posted = this.posting === "reversed" ? rows.reverse() : rows;
    const times = { once: 1, twice: 2, dropped: 0, reversed: 1 }[this.posting];
    for (const data of posted)
      for (let n = 0; n < times; n += 1) await this.post({ type: "new-message", data });
  }

  /** Posts once, and does not look at the answer. */
  async post(body: unknown): Promise<number | undefined> {
    if (this.webhook === undefined) return undefined;
    const response = await fetch(this.webhook, { method: "POST", body: JSON.stringify(body) }).catch(
      () => undefined,
    );
    return response?.status;
  }

  /** As after a restart of the Mac: what came meanwhile is never posted. */
  forget(): void {
    this.#seen = undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const text = await bodyOf(request);
    const body = (text === "" ? undefined : JSON.parse(text)) as Record<string, unknown> | undefined;
    this.requests.push({ path: url.pathname, body });
    if (url.searchParams.get("password") !== PASSWORD)
      return respond(response, 401, { message: "You are not authorized to access this resource" });
    const fault = this.faults.shift();
    if (fault === "gone") return void response.destroy();
    if (fault === "5xx") return respond(response, 500, { message: "An unhandled error has occurred!" });
    if (fault === "large") return void response.end(Buffer.alloc(LARGE_BYTES, " "));
    if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const path = url.pathname.replace(/^\/api\/v1\//, "");
    if (path === "message/query") {
      const query = queryOf(body);
      const asked = this.isOffsetIgnored ? { ...query, offset: 0 } : query;
      return succeed(response, this.#read.messages(asked), fault);
    }
    if (path === "message/count") {
      const at = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise);
      const total = this.#read.count(at("minRowId", 0), at("maxRowId", Number.MAX_SAFE_INTEGER));
      return succeed(response, { total }, fault);
    }
    if (path === "chat/query") {
      const { offset, limit } = queryOf(body);
      return succeed(response, this.#read.chats({ offset, limit }), fault);
    }
    const download = /^attachment\/([^/]+)\/download$/.exec(path)?.[1];
    if (download !== undefined) return this.#download(decodeURIComponent(download), response, fault);
    if (path === "message/text" && body) return this.#send(body, response);
    respond(response, 404, { message: "The requested resource was not found" });
  }

  #download(guid: string, response: ServerResponse, fault: Fault | undefined): void {
    const found = this.#read.attachment(guid);
    if (!found) return respond(response, 404, { error: { message: "Attachment does not exist!" } });
    const below = /\/Attachments\/(.+)$/.exec(found.filename ?? "")?.[1];
    const path = below === undefined ? undefined : join(dirname(this.#db.path), "Attachments", below);
    if (path === undefined || !existsSync(path))
      return respond(response, 500, { error: { message: "Attachment does not exist in disk!" } });
    const bytes = readFileSync(path);
    response.writeHead(200, { "content-type": found.mimeType, "content-length": bytes.length });
    if (fault !== "cut") return void response.end(bytes);
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  }

  /** By its private API: whatever is asked to go another way vanishes. */
  #send(body: Record<string, unknown>, response: ServerResponse): void {
    const { chatGuid, message, method, tempGuid } = body as Record<string, string>;
    const how = method === "private-api" ? this.sending : "vanishes";
    if (how === "refused")
      return respond(response, 400, { error: { message: "Private API is not enabled!" } });
    if (how === "held") return;
    this.#sent += 1;
    const name = `sent ${String(this.#sent)} ${tempGuid ?? ""}`;
    const chat = this.#db.chatOf(chatGuid ?? "");
    if (chat === undefined) return respond(response, 500, { error: { message: "Chat does not exist!" } });
    if (how === "vanishes")
      return succeed(response, { guid: `vanished-${String(this.#sent)}`, error: 0, tempGuid });
    const row = this.#db.message({
      chat,
      at: new Date(),
      name,
      runs: [{ text: message ?? "" }],
      more: how === "error" ? { error: 22, is_sent: 0 } : how === "late" ? { is_sent: 0 } : {},
    });
    if (how === "unanswered") return void response.destroy();
    const data = { ...this.#read.message(this.#db.guid(row)), tempGuid };
    if (how === "error") return respond(response, 500, { error: { message: "Message Send Error" }, data });
    succeed(response, data);
  }
}

function queryOf(body: Record<string, unknown> | undefined): Query {
  const { where = [], with: more = [], sort = "DESC", offset = 0, limit = 100 } = body ?? {};
  if (Number(limit) < 1 || Number(limit) > 1_000) throw new RangeError("limit");
  return { where, with: more, sort, offset: Number(offset), limit: Number(limit) } as Query;
}

function succeed(response: ServerResponse, data: unknown, fault?: Fault): void {
  const text = JSON.stringify({ status: 200, message: "Success", data });
  response.writeHead(200, { "content-type": "application/json" });
  // Cut off by whatever is in between, which ends the answer as if it were whole.
  response.end(fault === "cut" ? text.slice(0, text.length - 3) : text);
}

function respond(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ status, ...body }));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
