import type { Live } from "@daybook/capture";
import { BlueBubbles, type BlueBubblesOptions } from "@daybook/imessage";
import { listen, type Logger, type ServerCertificate } from "@daybook/runtime";

/** A test message has to appear as a row within so long. */
const CANARY_WITHIN_MS = 2 * 60_000;

/** A Mac's Messages by way of BlueBubbles, as capture runs it: BlueBubbles posts to a listener of its own, where there is one. */
export function bluebubblesLive({
  custodian,
  at,
  canary,
  log,
  ...of
}: Omit<BlueBubblesOptions, "custodian" | "canary" | "log"> & {
  readonly custodian: string;
  /** Needed where it may post. */
  readonly at: { readonly host: string; readonly port: number; readonly tls?: ServerCertificate | undefined };
  readonly canary?: { readonly conversation: string; readonly everyMs: number } | undefined;
  readonly log: Logger;
}): Live {
  return {
    name: "imessage",
    // Text messages that the phone passes on are of the same account.
    accounts: (["imessage", "sms"] as const).map((network) => ({
      ...{ custodian, network },
      method: "device-agent",
      identifier: of.account,
    })),
    links: { network: "imessage", method: "device-agent" },
    connect(known) {
      const connector = new BlueBubbles({
        ...of,
        custodian: known(custodian),
        canary: canary && { ...canary, withinMs: CANARY_WITHIN_MS },
        log,
      });
      const { relay, webhook } = connector;
      return {
        ...(relay && { relay }),
        health: () => connector.health(),
        async run(sink, signal) {
          if (!webhook) return connector.run(sink, signal);
          // Before anything is captured: an address that is taken stops the start.
          const listening = await listen(webhook, at);
          log.info({ port: listening.port }, "listening for BlueBubbles's webhooks");
          try {
            await connector.run(sink, signal);
          } finally {
            await listening.close();
          }
        },
      };
    },
  };
}
