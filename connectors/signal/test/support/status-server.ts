import { once } from "node:events";
import { createSecureServer, type Http2Session } from "node:http2";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { X509Certificate } from "node:crypto";
import type { SignalServers } from "../../src/index.ts";
import { mock } from "./mock-signal.ts";

const certs = join(
  dirname(createRequire(import.meta.url).resolve("@signalapp/mock-server/package.json")),
  "certs",
);

/** A chat server that answers every attempt to connect with a status, as Signal's own does and its mock never does. */
export async function startStatusServer(status: number, headers: Record<string, string> = {}) {
  const server = createSecureServer({
    key: readFileSync(join(certs, "key.pem")),
    cert: readFileSync(join(certs, "full-cert.pem")),
    settings: { enableConnectProtocol: true },
  });
  const sessions = new Set<Http2Session>();
  let attempts = 0;
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    attempts += 1;
    stream.on("error", () => undefined);
    stream.respond({ ":status": status, ...headers });
    stream.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const { certificateAuthority } = await mock.loadCertificates();
  const chat: SignalServers["chat"] = {
    port,
    rootCertificate: new X509Certificate(certificateAuthority).raw,
  };
  return {
    chat,
    get attempts() {
      return attempts;
    },
    async close() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
