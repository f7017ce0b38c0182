import { ConnectorError } from "@daybook/contract";
import { elementsOf, isShallow, membersOf, wholeOf } from "@daybook/keeping";
import type { z } from "zod";
import { counted, servedChat, type ServedChat } from "./schema.ts";

/** What BlueBubbles answered, or why nobody knows. */
export type Answer =
  | { readonly state: "answered"; readonly status: number; readonly text: string }
  /** The request cannot have reached it. */
  | { readonly state: "unreached" }
  /** It may have, and may have been done. */
  | { readonly state: "unanswered" };

/** A condition of `message/query`: each is ANDed with the others. */
export interface Where {
  readonly statement: string;
  readonly args: Readonly<Record<string, string | number>>;
}

const ANSWER_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const CHATS_AT_ONCE = 500;
const MAX_CHATS = 200_000;
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
/** So spelt: it looks for `messageSummaryInfo` among names that it has put into small letters, and never finds it. */
const WITH = ["chats", "attachments", "attributed-body", "message-summary-info", "payload-data"];
const UNREACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Why bytes are not had: `never`, or `later`. */
export interface NotHad {
  readonly state: "never" | "later";
  readonly why: string;
}

/** Whether a server may be spoken to so: nobody can listen in between. */
export function isPrivate(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

/**
 * BlueBubbles's REST API, as far as it is needed. The password stands in each address, so no error and no log line bears
 * one; no redirect is followed.
 */
export class BlueBubblesClient {
  readonly #base: URL;
  readonly #password: () => string;
  #isRefused = false;

  /** @throws {ConnectorError} `malformed` for an address over which the password could be listened to */
  constructor({ url, password }: { readonly url: string; readonly password: () => string }) {
    this.#base = new URL("api/v1/", `${url.replace(/\/$/, "")}/`);
    if (!isPrivate(this.#base))
      throw new ConnectorError("malformed", "BlueBubbles is to be reached over https, or on this machine");
    this.#password = password;
  }

  /** Whether it said, when it was asked last, that the password is another. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /**
   * Rows of `message` that are in a conversation, each as it was served. In no order that can be relied on: BlueBubbles
   * sorts by date.
   *
   * @throws {ConnectorError} `network-unavailable`, retryable; `too-large`: ask for fewer
   */
  async messages(
    { where, limit, offset = 0 }: { where: readonly Where[]; limit: number; offset?: number },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const body = { where, limit, offset, sort: "ASC", with: WITH };
    return slices(await this.#good("message/query", body, signal));
  }

  /**
   * How many rows of `message` there are from one ROWID to another, both included, those without a conversation too.
   *
   * @throws {ConnectorError} `network-unavailable`, retryable
   */
  async count(from: number, to: number, signal: AbortSignal): Promise<{ total: number; answer: string }> {
    const path = `message/count?minRowId=${String(from)}&maxRowId=${String(to)}`;
    const answer = await this.#good(path, undefined, signal);
    return { total: dataOf(answer, counted).total, answer };
  }

  /** Every conversation that has people. @throws {ConnectorError} `network-unavailable`, retryable */
  async chats(signal: AbortSignal): Promise<readonly ServedChat[]> {
    const chats: ServedChat[] = [];
    for (let offset = 0; ; offset += CHATS_AT_ONCE) {
      const body = { limit: CHATS_AT_ONCE, offset, with: ["participants"] };
      const served = slices(await this.#good("chat/query", body, signal));
      for (const slice of served) {
        const { data } = servedChat.safeParse(JSON.parse(slice));
        if (data) chats.push(data);
      }
      if (served.length < CHATS_AT_ONCE || offset >= MAX_CHATS) return chats;
    }
  }

  /** One attempt at the bytes of an attachment, as the Mac has them. */
  async download(guid: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | NotHad> {
    const path = `attachment/${encodeURIComponent(guid)}/download?original=true&force=true`;
    try {
      const response = await fetch(this.#address(path), { redirect: "error", signal });
      this.#learn(response.status);
      if (response.ok && response.body) return response.body;
      await response.body?.cancel();
      return { state: "later", why: `BlueBubbles answers with status ${String(response.status)}` };
    } catch {
      return { state: "later", why: "BlueBubbles could not be reached" };
    }
  }

  /** Never sent twice: whoever gets no answer does not know. @param body JSON, as it is sent */
  async post(path: string, body: string, signal: AbortSignal): Promise<Answer> {
    try {
      const response = await fetch(this.#address(path), {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      this.#learn(response.status);
      return { state: "answered", status: response.status, text: await bounded(response) };
    } catch (error) {
      return { state: isUnreached(error) ? "unreached" : "unanswered" };
    }
  }

  async #good(path: string, body: unknown, signal: AbortSignal): Promise<string> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.#address(path), {
        ...(body !== undefined && {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        }),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      this.#learn(response.status);
      status = response.status;
      text = await bounded(response);
    } catch (error) {
      // What fetch throws quotes the address, and the password with it.
      if (error instanceof ConnectorError) throw error;
      throw unavailable("BlueBubbles could not be reached");
    }
    if (status !== 200) throw unavailable(`BlueBubbles answers with status ${String(status)}`);
    if (!isJson(text)) throw unavailable("BlueBubbles's answer is cut off, or no JSON");
    return text;
  }

  #learn(status: number): void {
    if (status === 401 || status === 403) this.#isRefused = true;
    else if (status === 200) this.#isRefused = false;
  }

  #address(path: string): URL {
    const url = new URL(path, this.#base);
    url.searchParams.set("password", this.#password());
    return url;
  }
}

function unavailable(why: string): ConnectorError {
  return new ConnectorError("network-unavailable", why);
}

function isJson(text: string): boolean {
  if (!isShallow(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The elements of an answer's `data`, as they were served. */
function slices(text: string): string[] {
  const data = membersOf(text, wholeOf(text)).get("data");
  const elements = data && elementsOf(text, data);
  if (!elements) throw unavailable("BlueBubbles's answer has no list of data");
  return elements.map(({ from, to }) => text.slice(from, to));
}

function dataOf<T>(text: string, schema: z.ZodType<T>): T {
  const { data } = (JSON.parse(text) ?? {}) as { data?: unknown };
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw unavailable("BlueBubbles's answer has another form than is known");
  return parsed.data;
}

/** @throws {ConnectorError} `too-large` */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES)
      throw new ConnectorError("too-large", "BlueBubbles's answer is larger than is read");
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
}

function isUnreached(error: unknown): boolean {
  const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: unknown };
  return typeof code === "string" && UNREACHED.has(code);
}
