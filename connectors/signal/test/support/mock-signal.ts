import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import type { Server as MockServer } from "@signalapp/mock-server";
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
  patchErrors();
  const cdn3 = mkdtempSync(join(tmpdir(), "daybook-signal-cdn-"));
  const server = new mock.Server({ cdn3Path: cdn3, timeout: 20_000 });
  await server.listen(0, "127.0.0.1");
  deliverUntilAcknowledged(server);
  const { https } = server as unknown as { https: Http2SecureServer };
  bearCancelled(https);
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
      cdn: {
        0: `https://localhost:${port}`,
        2: `https://localhost:${port}`,
        3: `https://localhost:${port}/cdn3`,
      },
      storage: `https://localhost:${port}/storageService`,
      certificateAuthority: certificates.certificateAuthority,
      sendOver: "websocket",
    },
    async close() {
      // The library keeps its session open after the last chat on it has ended.
      for (const session of sessions) session.destroy();
      const closed = server.close();
      await closed;
      stopWaiting(server);
      rmSync(cdn3, { recursive: true, force: true });
    },
  };
}

/** The mock makes its WebSockets in a way that does not answer pings, and the library then hangs up after 45 seconds. */
function patchPings(): void {
  const { WebSocket } = require("ws") as {
    WebSocket: { prototype: { setSocket: (...args: unknown[]) => unknown } };
  };
  const { setSocket } = WebSocket.prototype;
  WebSocket.prototype.setSocket = function (this: { _autoPong?: boolean }, ...args: unknown[]) {
    this._autoPong = true;
    return setSocket.apply(this, args);
  };
}

const { isError } = Error as unknown as { isError: (value: unknown) => boolean };

/** Who stops reading an attachment half-way gets, from the mock, a second answer; what it throws for that nobody hears. */
function bearCancelled(https: Http2SecureServer): void {
  https.prependListener("request", (_request, response) => {
    const setHeader = response.setHeader.bind(response);
    response.setHeader = (...header) => (response.headersSent ? undefined : setHeader(...header));
  });
}

/** Links that were refused wait in the mock, each with a timer: they get an answer that is none. */
function stopWaiting(server: MockServer): void {
  const { provisionResultQueueByCode } = server as unknown as {
    provisionResultQueueByCode: Map<string, { promiseQueue: { push: (value: unknown) => void } }>;
  };
  for (const { promiseQueue } of provisionResultQueueByCode.values()) promiseQueue.push(undefined);
}

/** Once a device is linked it may upload keys as often as it likes: the mock goes on waiting for its first ones. */
export function endProvisioning(server: MockServer): void {
  const { provisionResultQueueByKey } = server as unknown as {
    provisionResultQueueByKey: Map<string, unknown>;
  };
  provisionResultQueueByKey.clear();
}

/** As the real server does: what was not acknowledged is delivered again. The mock forgets it where it had queued it. */
function deliverUntilAcknowledged(server: MockServer): void {
  const send = server.send.bind(server);
  server.send = async (...message) => {
    for (;;) {
      try {
        await send(...message);
        return;
      } catch {
        // Its connection died.
      }
    }
  };
}

/** Jest runs tests in a realm of their own, where the mock's checks do not know the errors of Node's own modules. */
function patchErrors(): void {
  const plain = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown) {
      return plain.call(this as () => void, value) || (this === Error && isError(value));
    },
  });
}
