import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";

/** Which service answers a path, as the reverse proxy of `infra/deploy` has it. */
function whose(path: string): "capture" | "evidence" | "gateway" | "archiver" | "records" | undefined {
  if (path.startsWith("/internal/")) return undefined;
  if (/^\/api\/v1\/imports(?:\/|\?|$)/.test(path)) return "capture";
  if (/^\/api\/v1\/exports(?:\/|\?|$)/.test(path)) return "evidence";
  if (/^\/api\/v1\/messages(?:\/|\?|$)/.test(path)) return "gateway";
  if (/^\/api\/v1\/log\/[^/]+\/(?:checkpoint|tile\/)/.test(path)) return "archiver";
  return "records";
}

/** The one address of a deployment's API, for people: what a reverse proxy is in production. */
export async function openFront(
  ports: Readonly<Record<"capture" | "evidence" | "gateway" | "archiver" | "records", number>>,
  ca: string,
): Promise<{ url: string; close(): Promise<void> }> {
  const agent = new Agent({ keepAlive: true, ca });
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const service = whose(incoming.url ?? "/");
    if (!service) return void outgoing.writeHead(404).end();
    const { method = "GET", url: path = "/" } = incoming;
    const headers = { ...incoming.headers, "x-forwarded-for": incoming.socket.remoteAddress };
    const target = { host: "127.0.0.1", port: ports[service], path, method, headers, agent };
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
  const server = createServer(pass).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
