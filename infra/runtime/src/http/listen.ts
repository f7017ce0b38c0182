import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Secret } from "../config.ts";
import { RuntimeError } from "../error.ts";

/** A server that listens. */
export interface Listening {
  readonly url: string;
  readonly port: number;
  /**
   * Takes no more requests, lets those that run finish for `graceMs` (2 s unless given), then cuts every
   * connection. May be repeated.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** What a server shows of itself, PEM. */
export interface ServerCertificate {
  /** Its own first, then those that vouch for it. */
  readonly certificate: string;
  readonly key: Secret;
  /** Certificates that sign those of clients, PEM: clients are asked for one, and whoever has none is served all the same. */
  readonly clientAuthority?: string | undefined;
}

/**
 * Serves an app over HTTP, on loopback unless told otherwise. Bounds headers in size and time; a handler bounds
 * the rest.
 *
 * @param options.port 0 for any that is free
 * @param options.tls PEM: over TLS 1.2 or later alone
 * @throws {RuntimeError} `address-unavailable`; `invalid-configuration` for a certificate that cannot be used
 */
export async function listen(
  app: RequestListener,
  options: { host?: string; port: number; tls?: ServerCertificate | undefined },
): Promise<Listening> {
  const { host = "127.0.0.1", port, tls } = options;
  const server = serverOf(app, tls);
  server.maxConnections = 1_000;
  await bind(server, host, port);
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `${tls ? "https" : "http"}://${name}:${address.port}`,
    port: address.port,
    close: ({ graceMs = 2_000 } = {}) => close(server, graceMs),
  };
}

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // An upload may take as long as it keeps moving: the kernel watches that.
  requestTimeout: 0,
  // Well beyond what our own client keeps a connection for.
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
};

function serverOf(app: RequestListener, tls: ServerCertificate | undefined): Server {
  if (!tls) return createServer(LIMITS, app);
  const { certificate: cert, key, clientAuthority: ca } = tls;
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
  try {
    return createSecureServer({ ...LIMITS, ...clients, cert, key: key.reveal(), minVersion: "TLSv1.2" }, app);
  } catch (cause) {
    throw new RuntimeError(
      "invalid-configuration",
      "the certificate and key to listen with are damaged, or do not belong together",
      { cause },
    );
  }
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "EADDRINUSE"
        ? "something else listens there: stop it, or choose another port"
        : "choose an address of this machine and a port that you may use";
    throw new RuntimeError("address-unavailable", `cannot listen on ${host}:${port}: ${why}`, { cause });
  }
}

async function close(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}
