import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";

type Proxied = "capture" | "evidence" | "gateway" | "archiver" | "records" | "console";

/** Which service answers a path of the API, as the reverse proxy of `infra/deploy` has it. */
function whoseApi(path: string): Proxied | undefined {
  if (!path.startsWith("/api/")) return undefined;
  if (/^\/api\/v1\/(?:imports|links|link-questions|self\/links)(?:\/|\?|$)/.test(path)) return "capture";
  if (/^\/api\/v1\/exports(?:\/|\?|$)/.test(path)) return "evidence";
  if (/^\/api\/v1\/messages(?:\/|\?|$)/.test(path)) return "gateway";
  if (/^\/api\/v1\/log\/[^/]+\/(?:checkpoint|tile\/)/.test(path)) return "archiver";
  return "records";
}

/** The same at the people's address, where all else but what is nobody's is the console's. */
function whose(path: string): Proxied | undefined {
  if (/^\/(?:internal|webhooks|metrics|healthz|readyz)(?:\/|\?|$)/.test(path)) return undefined;
  return whoseApi(path) ?? (/^\/api(?:\?|$)/.test(path) ? undefined : "console");
}

/** What a reverse proxy is in production. */
export interface Front {
  /** For people. */
  readonly url: string;
  /** Of the API, for the console alone: which says whose browser it asks for. */
  readonly innerUrl: string;
  close(): Promise<void>;
}

/** Opens the two addresses of a deployment. @param portOf undefined for a service that is not there */
export async function openFront(
  portOf: (service: Proxied) => number | undefined,
  ca: string,
): Promise<Front> {
  const agent = new Agent({ keepAlive: true, ca });
  const pass = (
    service: Proxied | undefined,
    own: Readonly<Record<string, string | undefined>>,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): void => {
    if (!service) return void outgoing.writeHead(404).end();
    const port = portOf(service);
    if (port === undefined) return void outgoing.writeHead(502).end();
    const { method = "GET", url: path = "/" } = incoming;
    const headers = { ...incoming.headers, ...own };
    // Its certificate is checked for where it is, and not for what a browser calls the front.
    const target = { host: "127.0.0.1", servername: "", port, path, method, headers, agent };
    const onward = request(target, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    });
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  };
  const people = await listen((incoming, outgoing) =>
    pass(
      whose(incoming.url ?? "/"),
      { "x-forwarded-for": incoming.socket.remoteAddress },
      incoming,
      outgoing,
    ),
  );
  const inner = await listen((incoming, outgoing) =>
    pass(whoseApi(incoming.url ?? "/"), {}, incoming, outgoing),
  );
  return {
    url: people.url,
    innerUrl: inner.url,
    async close() {
      agent.destroy();
      await Promise.all([people.close(), inner.close()]);
    },
  };
}

async function listen(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
