import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestListener } from "node:http";

const PATH = "/webhooks/bluebubbles/";

/**
 * Answers BlueBubbles's posts: 204 at the address that bears the secret, 404 at every other. They bear no signature, so what
 * they say is not read: each is a request to poll, and nothing else.
 */
export function webhookListener({
  secret,
  onPost,
}: {
  readonly secret: () => string;
  readonly onPost: () => void;
}): RequestListener {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "";
    const isOurs =
      path.startsWith(PATH) && timingSafeEqual(digest(path.slice(PATH.length)), digest(secret()));
    const status = !isOurs ? 404 : request.method === "POST" ? 204 : 405;
    if (status === 204) onPost();
    request.resume();
    response.writeHead(status, { "cache-control": "no-store", connection: "close" });
    response.end();
  };
}
