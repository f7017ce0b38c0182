import { SignalError } from "./error.ts";
import type { AuthenticatedChat } from "./libsignal.ts";
import type { Delivery } from "./receiving/receiver.ts";
import { ask } from "./transport/request.ts";
import type { Credentials, Network } from "./transport/network.ts";

/** Signal closes a connection on which nothing was said for about a minute. */
const KEEPALIVE_MS = 25_000;
/** What is made durable at a time. */
const BATCH = 30;

export interface ConnectionEvents {
  /** Makes a batch durable. What it rejects with ends the connection; nothing of that batch is acknowledged. */
  readonly receive: (batch: readonly Delivery[]) => Promise<void>;
  /** Everything that had waited at Signal is durable. */
  readonly onCaughtUp: () => void;
  readonly onAlerts: (alerts: readonly string[]) => void;
}

/**
 * One connection of an account, from connecting to its end. Acknowledges each envelope once it is durable, in the order in
 * which they came.
 *
 * @param onConnected is given the chat; what it does goes on beside receiving
 * @throws {SignalError} why it ended; it returns only when `signal` aborts
 */
export async function connection(
  network: Network,
  credentials: Credentials,
  events: ConnectionEvents,
  onConnected: (chat: AuthenticatedChat) => void,
  { now, signal }: { readonly now: () => Date; readonly signal: AbortSignal },
): Promise<void> {
  const ended: PromiseWithResolvers<void> = Promise.withResolvers();
  const queue: (Delivery & { acknowledge: () => void })[] = [];
  let draining: Promise<void> | undefined;
  let isCaughtUp = false;
  let isQueueEmpty = false;

  const drain = async () => {
    while (queue.length > 0) {
      const batch = queue.slice(0, BATCH);
      await events.receive(batch);
      queue.splice(0, batch.length);
      for (const { acknowledge } of batch) acknowledgeQuietly(acknowledge);
    }
    if (isQueueEmpty && !isCaughtUp) {
      isCaughtUp = true;
      events.onCaughtUp();
    }
  };
  const start = () => {
    draining ??= drain()
      .catch((cause: unknown) => ended.reject(cause))
      .finally(() => {
        draining = undefined;
        if (queue.length > 0 && !hasEnded) start();
      });
  };
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    ended.resolve();
  };
  signal.addEventListener("abort", end, { once: true });
  const chat = await network.connect(
    credentials,
    {
      onEnvelope(raw, acknowledge) {
        queue.push({ raw, receivedAt: now().getTime(), acknowledge });
        start();
      },
      onQueueEmpty() {
        isQueueEmpty = true;
        start();
      },
      onAlerts: events.onAlerts,
      onEnd(why) {
        if (signal.aborted || !why) end();
        else ended.reject(why);
      },
    },
    signal,
  );
  const keepalive = setInterval(() => {
    // A connection that takes no answer ends by itself.
    void ask(chat, { verb: "GET", path: "/v1/keepalive" }).catch(() => undefined);
  }, KEEPALIVE_MS);
  try {
    onConnected(chat);
    await ended.promise;
    if (!signal.aborted) throw new SignalError("unavailable", "the connection to Signal ended");
  } finally {
    hasEnded = true;
    clearInterval(keepalive);
    signal.removeEventListener("abort", end);
    // What came but is not durable is not acknowledged: Signal delivers it again.
    queue.splice(0);
    await draining;
    await chat.disconnect();
  }
}

/** The connection may have ended meanwhile: it is delivered again, and known. */
function acknowledgeQuietly(acknowledge: () => void): void {
  try {
    acknowledge();
  } catch {
    // See above.
  }
}
