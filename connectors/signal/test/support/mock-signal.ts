import { once } from "node:events";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import type { PrimaryDevice, Server as MockServer } from "@signalapp/mock-server";
import type { SignalServers } from "../../src/index.ts";

const require = createRequire(import.meta.url);
export const mock = require("@signalapp/mock-server") as typeof import("@signalapp/mock-server");
export const { Proto } = mock;

/** Signal's own mock server, in this process, and what reaches it. */
export interface MockSignal {
  readonly server: MockServer;
  readonly servers: SignalServers;
  readonly cdn3: string;
  close(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startMockSignal(): Promise<MockSignal> {
  patchPings();
  const cdn3 = mkdtempSync(join(tmpdir(), "daybook-signal-cdn-"));
  const server = new mock.Server({ cdn3Path: cdn3 });
  await server.listen(0, "127.0.0.1");
  const { https } = server as unknown as { https: Http2SecureServer };
  const sessions = new Set<ServerHttp2Session>();
  https.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  const { port } = server.address() as { port: number };
  const certificates = await mock.loadCertificates();
  return {
    server,
    cdn3,
    servers: {
      chat: { port, rootCertificate: new X509Certificate(certificates.certificateAuthority).raw },
      trustRoots: certificates.serverTrustRoots,
      publicParams: certificates.serverPublicParams,
      cdn: { 0: `https://localhost:${port}`, 2: `https://localhost:${port}`, 3: `https://localhost:${port}/cdn3` },
      storage: `https://localhost:${port}/storageService`,
      certificateAuthority: certificates.certificateAuthority,
      sendOver: "websocket",
    },
    async close() {
      // The library keeps its session open after the last chat on it has ended.
      for (const session of sessions) session.destroy();
      const closed = server.close();
      https.closeAllConnections?.();
      await closed;
      rmSync(cdn3, { recursive: true, force: true });
    },
  };
}

/** The mock makes its WebSockets in a way that does not answer pings, and the library then hangs up after 45 seconds. */
function patchPings(): void {
  const { WebSocket } = require("ws") as { WebSocket: { prototype: { setSocket: (...args: unknown[]) => unknown } } };
  const { setSocket } = WebSocket.prototype;
  WebSocket.prototype.setSocket = function (this: { _autoPong?: boolean }, ...args: unknown[]) {
    this._autoPong = true;
    return setSocket.apply(this, args);
  };
}

/** A phone with contacts. */
export async function createPhone(server: MockServer, profileName = "Olivia"): Promise<{ phone: PrimaryDevice; friend: PrimaryDevice }> {
  const friend = await server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await server.createPrimaryDevice({ profileName, contacts: [friend] });
  return { phone, friend };
}

export { once };
