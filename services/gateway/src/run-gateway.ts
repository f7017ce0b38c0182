import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "./error.ts";
import { Messages } from "./messages.ts";
import type { GatewayOptions } from "./options.ts";
import { gatewayRoutes } from "./routes.ts";
import { Sending } from "./sending.ts";

const PAUSE_MS = 1_000;
const DAY_MS = 86_400_000;

/**
 * Takes messages that custodians and their offices want to send, until `signal` aborts. Sends nothing itself: the
 * capture process that has the account does, and says what came of it.
 */
export async function runGateway(options: GatewayOptions, signal: AbortSignal): Promise<void> {
  const { pool, requestKey, mount, log, metrics, now } = options;
  const messages = new Messages(pool, requestKey);
  const outcomes = metrics?.counter("daybook_gateway_messages_total", "Messages by what became of them", [
    "outcome",
  ]);
  mount(
    gatewayRoutes(new Sending(options, messages), {
      now,
      async answered(id, outcome) {
        await messages.answered(id, outcome, now());
        outcomes?.inc({ outcome: outcome.state === "sent" ? "sent" : outcome.code });
      },
    }),
  );
  while (!signal.aborted) {
    const next = await messages.forgetOld(now()).then(
      () => DAY_MS,
      (err: unknown) => {
        if (!(err instanceof GatewayError)) throw err;
        log.warn({ err }, "the gateway waits for the database");
        return PAUSE_MS;
      },
    );
    await sleep(next, undefined, { signal }).catch(() => undefined);
  }
}
