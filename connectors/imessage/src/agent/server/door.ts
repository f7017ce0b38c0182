import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { pipeline } from "node:stream/promises";
import {
  AGENT_SENT,
  agentEnrolled,
  agentMisnumbered,
  agentMissing,
  agentTaken,
  ConnectorError,
} from "@daybook/contract";
import { z } from "zod";
import type { Numbered } from "../spool/outbox.ts";
import type { ServerAddress, Signer } from "./identity.ts";

const MAX_ANSWER = 256 * 1024;
const PATIENCE_MS = 10 * 60_000;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Not now: again, later. */
const LATER = new Set([0, 408, 429]);

/** What became of a batch. */
export type BatchAnswer =
  | { readonly is: "taken" | "later" }
  | { readonly is: "parts-missing"; readonly missing: readonly string[] }
  | { readonly is: "misnumbered"; readonly next: number }
  /** Somebody must act. */
  | { readonly is: "refused"; readonly code: string };

interface Answer {
  /** 0: none. */
  readonly status: number;
  readonly body: unknown;
}

/** The server's address for agents on devices, over TLS with what both sides show: see `services/capture/AGENTS.md`. */
export class Door {
  readonly #url: string;
  readonly #agent: HttpsAgent | HttpAgent;
  readonly #signer: Signer;
  readonly #now: () => Date;

  /**
   * @throws {ConnectorError} `malformed` for an address that is none, or not of HTTPS
   * @throws the system's error, where a certificate cannot be read
   */
  constructor({ url, ca, certificate, key }: ServerAddress, signer: Signer, now: () => Date) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const isPlain = parsed?.protocol === "http:" && LOOPBACK.has(parsed.hostname);
    if (!parsed || (parsed.protocol !== "https:" && !isPlain))
      throw new ConnectorError("malformed", "the server's address has to begin with https://");
    const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
    this.#url = `${parsed.origin}${parsed.pathname.replace(/\/$/, "")}/agents/v1`;
    this.#signer = signer;
    this.#now = now;
    const of = { keepAlive: true, maxSockets: 1 };
    this.#agent = isPlain
      ? new HttpAgent(of)
      : new HttpsAgent({
          ...of,
          minVersion: "TLSv1.3",
          ca: read(ca),
          cert: read(certificate),
          key: read(key),
        });
  }

  /**
   * Enrols. Repeating it with the same code and key is harmless.
   *
   * @throws {ConnectorError} `link-refused`; `network-unavailable`, retryable
   */
  async enrol(code: string, signal: AbortSignal): Promise<z.infer<typeof agentEnrolled>> {
    const body = Buffer.from(JSON.stringify({ v: 1, code, publicKey: this.#signer.publicKey }));
    const answer = await this.#ask(
      "POST",
      "/enrol",
      this.#signer.sign({ what: "enrol" }, body),
      body,
      signal,
    );
    const { data } = agentEnrolled.safeParse(answer.body);
    if (answer.status === 200 && data) return data;
    if (LATER.has(answer.status) || answer.status >= 500)
      throw new ConnectorError(
        "network-unavailable",
        "the server gave no answer to the enrolment: see that its address and port are right and --ca vouches for it, and try again",
      );
    if (answer.status === 404 || answer.status === 405)
      throw new ConnectorError(
        "link-refused",
        "nothing takes agents at that address: give the deployment's own, with the port that is set for agents",
      );
    const refusal = refusalOf(answer);
    throw new ConnectorError(
      "link-refused",
      refusal.is === "refused" && refusal.code === "no-certificate"
        ? "the server wants a certificate that its authority signed: enrol with it and its key"
        : "the server did not take the code: have another made",
    );
  }

  async batch(agent: string, { number, body }: Numbered, signal: AbortSignal): Promise<BatchAnswer> {
    const signature = this.#signer.sign({ what: "batch", agent, number }, body);
    const answer = await this.#ask("POST", `/${agent}/batches/${number}`, signature, body, signal);
    if (answer.status === 200) {
      const { data } = agentTaken.safeParse(answer.body);
      // Whatever else answers 200 is not our server.
      const isOurs = data?.number === number && data.sha256 === sha256(body);
      return { is: isOurs ? "taken" : "later" };
    }
    const missing = agentMissing.safeParse(answer.body).data;
    if (missing) return { is: "parts-missing", missing: missing.missing };
    const misnumbered = agentMisnumbered.safeParse(answer.body).data;
    if (misnumbered) return { is: "misnumbered", next: misnumbered.next };
    return refusalOf(answer);
  }

  /** @param content made anew for each call */
  async part(
    agent: string,
    digest: string,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BatchAnswer> {
    const signature = this.#signer.sign({ what: "part", agent, sha256: digest });
    const answer = await this.#ask("PUT", `/${agent}/parts/${digest}`, signature, content, signal);
    return answer.status === 204 ? { is: "taken" } : refusalOf(answer);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Never throws for the network: no answer is 0. @throws what `body` throws */
  async #ask(
    method: string,
    path: string,
    signature: string,
    body: Buffer | AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const url = new URL(this.#url + path);
    const request = (url.protocol === "http:" ? requestHttp : requestHttps)(url, {
      method,
      agent: this.#agent,
      headers: {
        "daybook-signature": signature,
        [AGENT_SENT]: String(this.#now().getTime()),
        "content-type": "application/octet-stream",
        ...(Buffer.isBuffer(body) && { "content-length": body.length }),
      },
    });
    // An option of the request for this takes longer than all else of a short one.
    const giveUp = () => request.destroy(new Error("given up"));
    const patience = setTimeout(giveUp, PATIENCE_MS);
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    request.once("close", () => {
      clearTimeout(patience);
      signal.removeEventListener("abort", giveUp);
    });
    const answered = new Promise<IncomingMessage | undefined>((resolve) => {
      request
        .once("response", resolve)
        .once("error", () => resolve(undefined))
        .once("close", () => resolve(undefined));
    });
    let failure: Error | undefined;
    if (Buffer.isBuffer(body)) request.end(body);
    else
      await pipeline(async function* () {
        try {
          yield* body;
        } catch (error) {
          failure = error instanceof Error ? error : new TypeError("a part cannot be read");
          throw error;
        }
      }, request).catch(() => undefined);
    const response = await answered;
    if (failure !== undefined) throw failure;
    return response
      ? { status: response.statusCode ?? 0, body: await jsonOf(response) }
      : { status: 0, body: undefined };
  }
}

/** Undefined where it is none, too long, or ended before it was whole. */
function jsonOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    response
      .on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER) response.destroy();
        else chunks.push(chunk);
      })
      .once("end", () => resolve(parsed(Buffer.concat(chunks))))
      .once("error", () => resolve(undefined))
      .once("close", () => resolve(undefined));
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function refusalOf({ status, body }: Answer): BatchAnswer {
  if (LATER.has(status) || status >= 500) return { is: "later" };
  const { data } = z.object({ code: z.string().regex(/^[a-z-]{1,64}$/) }).safeParse(body);
  return { is: "refused", code: data?.code ?? String(status) };
}

function sha256(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
