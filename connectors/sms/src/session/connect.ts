import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SmppHost } from "../options.ts";
import { SessionError } from "./error.ts";

/**
 * A connection, over TLS where the host has it.
 *
 * @throws {SessionError} `unreachable`, also for a certificate that nobody vouches for, and when `signal` aborts
 */
export async function connectTo(
  { host, port, tls }: SmppHost,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = tls
    ? connectTls({
        ...{ host, port },
        ...(isIP(host) === 0 && { servername: host }),
        ...(tls.ca !== undefined && { ca: tls.ca }),
      })
    : connectPlain({ host, port });
  const connected: PromiseWithResolvers<void> = Promise.withResolvers();
  socket.once(tls ? "secureConnect" : "connect", connected.resolve);
  connected.promise.catch(() => undefined);
  // Whoever reads it hears of errors too: this is for those that come afterwards.
  socket.on("error", connected.reject);
  socket.once("close", () => connected.reject(new Error("closed")));
  const stop = () => socket.destroy(new Error("given up"));
  const timer = setTimeout(stop, patienceMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    await connected.promise;
  } catch (cause) {
    socket.destroy();
    throw new SessionError("unreachable", "the host cannot be reached", { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
  socket.setNoDelay(true);
  return socket;
}
