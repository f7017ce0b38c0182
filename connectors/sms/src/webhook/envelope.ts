import { proofHeaders } from "./verify/index.ts";
import type { Received, WebhookSource } from "./source.ts";

/**
 * A webhook as its records keep it: the request's line with the URL as it is set at the provider, its type, the headers that
 * prove it, what they prove, an empty line, and the body as it came. Headers that prove nothing are left out.
 *
 * @see RFC 9112, section 2.1
 */
export function envelopeOf(source: WebhookSource, received: Received, proof: string): Buffer {
  const { url, headers, body } = received;
  const kept = ["content-type", ...proofHeaders(source)].flatMap((name) => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  const head = [`POST ${url.href} HTTP/1.1`, ...kept, `daybook-proof: ${proof}`, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
