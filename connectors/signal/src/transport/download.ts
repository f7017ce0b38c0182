import { Agent, request } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { SignalError } from "../error.ts";
import type { SignalServers } from "./servers.ts";

/** Without a byte for so long a download is given up. */
const SILENCE_MS = 30_000;

/** What is needed of an attachment pointer to fetch it. */
export interface RemoteObject {
  readonly cdn: number;
  /** Its name there. */
  readonly at: string;
}

/** A request to the storage service. */
export interface StorageRequest {
  readonly path: string;
  readonly authorization: string;
  readonly method?: "GET" | "PUT";
  readonly body?: Uint8Array;
}

export interface StorageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Plain HTTPS to Signal's CDN and storage, which are trusted by Signal's own root only. */
export class WebClient {
  readonly #servers: SignalServers;
  readonly #agent: Agent;
  readonly #userAgent: string;

  constructor(servers: SignalServers, userAgent: string) {
    this.#servers = servers;
    this.#userAgent = userAgent;
    this.#agent = new Agent({
      ca: servers.certificateAuthority,
      keepAlive: true,
      maxSockets: 8,
      minVersion: "TLSv1.2",
    });
  }

  /**
   * The encrypted bytes of an attachment as they arrive. Whoever reads them checks them.
   *
   * @throws {SignalError} `attachment-missing` when the CDN has it no more; `unavailable`, also while it is read
   */
  async *attachment({ cdn, at }: RemoteObject, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const base = this.#servers.cdn[cdn];
    if (base === undefined || at === "")
      throw new SignalError("attachment-missing", "an attachment names no place that is known");
    const answer = await this.#get(`${base}/attachments/${encodeURIComponent(at)}`, {}, signal);
    const { statusCode } = answer;
    if (statusCode !== 200) {
      answer.destroy();
      if (statusCode === 404 || statusCode === 403 || statusCode === 410)
        throw new SignalError("attachment-missing", "Signal has an attachment no more");
      throw new SignalError("unavailable", `an attachment's server answered ${statusCode ?? 0}`);
    }
    try {
      for await (const chunk of answer) yield chunk as Buffer;
    } catch (cause) {
      throw new SignalError("unavailable", "an attachment's download broke off", { cause });
    }
  }

  /**
   * Asks the storage service, where groups and contacts are.
   *
   * @throws {SignalError} `unavailable` unless it answers 200
   */
  async storage(ask: StorageRequest, signal: AbortSignal): Promise<Uint8Array> {
    const { status, body } = await this.storageAnswer(ask, signal);
    if (status !== 200) throw new SignalError("unavailable", `Signal's storage answered ${status}`);
    return body;
  }

  /**
   * As `storage`, whatever it answers.
   *
   * @throws {SignalError} `unavailable` where it does not, or not to the end; `malformed` for too long an answer
   */
  async storageAnswer(ask: StorageRequest, signal: AbortSignal): Promise<StorageAnswer> {
    const headers = {
      authorization: ask.authorization,
      "content-type": "application/x-protobuf",
      "cached-send-endorsements": "0",
    };
    const answer = await this.#get(
      `${this.#servers.storage}${ask.path}`,
      headers,
      signal,
      ask.method,
      ask.body,
    );
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer) {
        chunks.push(chunk as Buffer);
        size += (chunk as Buffer).length;
        if (size > MAX_STORAGE_BYTES) break;
      }
    } catch (cause) {
      throw new SignalError("unavailable", "an answer of Signal's storage broke off", { cause });
    }
    if (size > MAX_STORAGE_BYTES)
      throw new SignalError("malformed", "an answer of Signal's storage is too large");
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
  }

  close(): void {
    this.#agent.destroy();
  }

  #get(
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal,
    method = "GET",
    body?: Uint8Array,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const all = { "user-agent": this.#userAgent, ...headers };
      const sent = request(
        url,
        { agent: this.#agent, headers: all, signal, method, timeout: SILENCE_MS },
        resolve,
      );
      sent.on("timeout", () => sent.destroy(new Error("timeout")));
      sent.on("error", (cause) =>
        reject(new SignalError("unavailable", "Signal's files cannot be reached", { cause })),
      );
      sent.end(body);
    });
  }
}

const MAX_STORAGE_BYTES = 64 * 1024 * 1024;
