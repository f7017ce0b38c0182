import type { IncomingMessage, RequestListener } from "node:http";
import { TLSSocket } from "node:tls";
import { ConnectorError } from "@daybook/contract";
import { answer, type Log, readBody, seldom } from "@daybook/keeping";
import type { Received, WebhookSource } from "./source.ts";
import { proofHeaders, proofOf } from "./verify/index.ts";

/** No provider's webhook is as large. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Bodies in memory at once: beyond, the provider is asked to come again. */
const MAX_AT_ONCE = 64;

export interface ListenerOptions {
  readonly sources: readonly WebhookSource[];
  /** Resolves once everything that it tells of is durable. */
  readonly deliver: (source: WebhookSource, received: Received, proof: string) => Promise<void>;
  /** Told of a request that nothing proves. @returns how many there were */
  readonly onRefused: (source: WebhookSource) => number;
  readonly log: Log;
}

/**
 * Answers providers: 200 once a webhook is durable, 503 where it cannot be kept now, and 403 where nothing proves who sent it,
 * of which nothing is kept. Which source it is, is told by the path; by what is signed, the source's own URL.
 */
export function webhookListener(options: ListenerOptions): RequestListener {
  const byPath = new Map(options.sources.map((source) => [new URL(source.url).pathname, source]));
  const mayWarn = seldom();
  let atOnce = 0;

  const receive = async (request: IncomingMessage, source: WebhookSource): Promise<number> => {
    const head = headOf(request, source);
    if (typeof head === "number") return head;
    if (atOnce >= MAX_AT_ONCE) return 503;
    atOnce += 1;
    try {
      const body = await readBody(request, MAX_BODY_BYTES);
      if (typeof body === "number") return body;
      const received = { ...head, body };
      const proof = await proofOf(source, received);
      if (proof === undefined) {
        const refused = options.onRefused(source);
        if (mayWarn())
          options.log.warn({ source: source.name, refused }, "webhooks that nothing proves: refused");
        return 403;
      }
      await options.deliver(source, received, proof);
      return 200;
    } catch (error) {
      const code = error instanceof ConnectorError ? error.code : "unknown";
      if (mayWarn()) options.log.warn({ source: source.name, code }, "a webhook could not be kept");
      return 503;
    } finally {
      atOnce -= 1;
    }
  };

  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const source = byPath.get(path);
    if (!source) return answer(request, response, 404);
    if (request.method !== "POST") return answer(request, response, 405);
    receive(request, source).then(
      (status) => answer(request, response, status, contentFor(source, status)),
      () => answer(request, response, 400),
    );
  };
}

/** @returns the status to answer with, where it cannot be what any provider sends */
function headOf(request: IncomingMessage, source: WebhookSource): Omit<Received, "body"> | number {
  const { headersDistinct: distinct } = request;
  const headers = new Map<string, string>();
  for (const name of ["content-type", ...proofHeaders(source)]) {
    const [value, another] = distinct[name] ?? [];
    // Which of two is meant, nobody can say.
    if (another !== undefined) return 400;
    if (value !== undefined) headers.set(name, value);
  }
  if (distinct["content-encoding"] !== undefined) return 415;
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return 413;
  const [mediaType = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";", 1);
  const url = new URL(source.url);
  const query = (request.url ?? "").indexOf("?");
  if (query >= 0) url.search = (request.url ?? "").slice(query);
  return { url, headers, mediaType: mediaType.trim(), client: clientOf(request) };
}

function clientOf({ socket }: IncomingMessage): Received["client"] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  const alternative = (certificate.subjectAltName ?? "")
    .split(", ")
    .flatMap((one) => (one.startsWith("DNS:") ? [one.slice("DNS:".length)] : []));
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return {
    names: common === undefined ? alternative : [...alternative, common],
    fingerprint: certificate.fingerprint256,
  };
}

/** Twilio reads an answer as instructions: these are none. */
function contentFor({ provider }: WebhookSource, status: number): { type?: string; text?: string } {
  return status === 200 && provider === "twilio" ? { type: "text/xml", text: "<Response/>" } : {};
}
