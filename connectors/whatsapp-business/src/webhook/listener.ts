import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { ConnectorError } from "@daybook/contract";
import { answer, type Log, readBody, seldom } from "@daybook/keeping";
import { isSigned } from "./signature.ts";

export const WEBHOOK_PATH = "/webhooks/whatsapp";
/** Meta sends up to 3 MB. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Bodies in memory at once: beyond, Meta is asked to come again. */
const MAX_AT_ONCE = 64;

export interface ListenerOptions {
  readonly appSecrets: () => readonly string[];
  readonly verifyToken: () => string;
  /** Resolves once everything that the body tells of is durable. */
  readonly deliver: (body: Buffer) => Promise<void>;
  /** Told of a body that bears no signature of the app. */
  readonly onUnsigned: () => void;
  readonly log: Log;
}

/**
 * Answers Meta: 200 once a webhook is durable, 401 for a signature that is none, of which nothing is kept, 413 for what is
 * larger than Meta sends, and 503 where it cannot be kept now: Meta sends it again for up to 7 days.
 *
 * @see Meta, "Webhooks: create a webhook endpoint"
 */
export function webhookListener(options: ListenerOptions): RequestListener {
  let atOnce = 0;
  const mayWarn = seldom();
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://webhook.invalid");
    if (url.pathname !== WEBHOOK_PATH) return answer(request, response, 404);
    if (request.method === "GET") return verify(url, request, response, options);
    if (request.method !== "POST") return answer(request, response, 405);
    const signature = request.headers["x-hub-signature-256"];
    if (typeof signature !== "string") return answer(request, response, 401);
    if (request.headers["content-encoding"] !== undefined) return answer(request, response, 415);
    if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES)
      return answer(request, response, 413);
    if (atOnce >= MAX_AT_ONCE) return answer(request, response, 503);
    atOnce += 1;
    try {
      const body = await readBody(request, MAX_BODY_BYTES);
      if (typeof body === "number") return answer(request, response, body);
      if (!isSigned(body, signature, options.appSecrets())) {
        options.onUnsigned();
        if (mayWarn()) options.log.warn({}, "a webhook bears no signature of this app: refused");
        return answer(request, response, 401);
      }
      await options.deliver(body);
      answer(request, response, 200);
    } catch (error) {
      const code = error instanceof ConnectorError ? error.code : "unknown";
      if (mayWarn()) options.log.warn({ code }, "a webhook could not be kept: WhatsApp sends it again");
      answer(request, response, 503);
    } finally {
      atOnce -= 1;
    }
  };
  return (request, response) => {
    receive(request, response).catch(() => answer(request, response, 400));
  };
}

function verify(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  options: ListenerOptions,
): void {
  const { searchParams: asked } = url;
  const challenge = asked.get("hub.challenge") ?? "";
  const isMeta =
    asked.get("hub.mode") === "subscribe" &&
    isSame(asked.get("hub.verify_token") ?? "", options.verifyToken()) &&
    /^[\w.-]{1,256}$/.test(challenge);
  answer(request, response, isMeta ? 200 : 403, { text: isMeta ? challenge : "" });
}

/** Takes the same time whatever differs, length included. */
function isSame(given: string, ours: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(ours));
}
