import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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

/**
 * Serves an app over HTTP, on loopback unless told otherwise. Bounds headers in size and time; a handler bounds
 * the rest.
 *
 * @param port 0 for any that is free
 * @throws {RuntimeError} `address-unavailable`
 */
export async function listen(
  app: RequestListener,
  { host = "127.0.0.1", port }: { host?: string; port: number },
): Promise<Listening> {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      // An upload may take as long as it keeps moving: the kernel watches that.
      requestTimeout: 0,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
    },
    app,
  );
  server.maxConnections = 1_000;
  await bind(server, host, port);
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: ({ graceMs = 2_000 } = {}) => close(server, graceMs),
  };
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
