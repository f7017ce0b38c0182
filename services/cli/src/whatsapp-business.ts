import type { Live } from "@daybook/capture";
import { listen, type Logger, type ServerCertificate } from "@daybook/runtime";
import { WhatsAppBusiness, type WhatsAppBusinessOptions } from "@daybook/whatsapp-business";

/** Official numbers on Meta's Cloud API, as capture runs them: Meta posts to a listener of their own, which is open while they run. */
export function whatsappBusinessLive({
  numbers,
  at,
  log,
  ...of
}: Omit<WhatsAppBusinessOptions, "numbers" | "log"> & {
  readonly numbers: readonly { readonly phoneNumberId: string; readonly custodian: string }[];
  readonly at: { readonly host: string; readonly port: number; readonly tls?: ServerCertificate | undefined };
  readonly log: Logger;
}): Live {
  return {
    name: "whatsapp-business",
    accounts: numbers.map(({ custodian, phoneNumberId }) => ({
      custodian,
      network: "whatsapp",
      method: "business-api",
      identifier: phoneNumberId,
    })),
    links: { network: "whatsapp", method: "business-api" },
    connect(custodian) {
      const connector = new WhatsAppBusiness({
        ...of,
        log,
        numbers: numbers.map((one) => ({ ...one, custodian: custodian(one.custodian) })),
      });
      return {
        relay: connector.relay,
        health: () => connector.health(),
        async run(sink, signal) {
          // Before anything is captured: an address that is taken stops the start.
          const listening = await listen(connector.webhook, at);
          log.info({ port: listening.port }, "listening for WhatsApp's webhooks");
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
