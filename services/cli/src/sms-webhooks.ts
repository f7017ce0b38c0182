import type { Live } from "@daybook/capture";
import { listen, type Logger, type ServerCertificate } from "@daybook/runtime";
import { SmsWebhooks, type SmsWebhooksOptions, type VonageReports, type WebhookSource } from "@daybook/sms";
import { numbersLive, type SmsNumber } from "./sms-numbers.ts";
import type { SmsWebhookSettings } from "./sms-webhook-settings.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Official numbers whose providers push, as capture runs them: they post to a listener of their own, which is open while it runs. */
export function smsWebhooksLive({
  numbers,
  country,
  settings,
  at,
  log,
  ...of
}: Pick<SmsWebhooksOptions, "stateFile" | "key" | "canary" | "relay"> & {
  readonly numbers: readonly SmsNumber[];
  readonly country: string;
  readonly settings: SmsWebhookSettings;
  readonly at: { readonly host: string; readonly tls?: ServerCertificate | undefined };
  readonly log: Logger;
}): Live {
  const { port, keepsHours, clientAuthority, sources } = settings;
  return {
    name: "sms-webhooks",
    ...numbersLive(numbers, Date.now()),
    links: { network: "sms", method: "carrier" },
    connect(custodian) {
      const connector = new SmsWebhooks({
        ...of,
        log,
        country: country as SmsWebhooksOptions["country"],
        sources: sources.map(sourceOf),
        keepsMs: keepsHours * HOUR_MS,
        numbers: numbers.map((one) => ({ ...one, custodian: custodian(one.custodian) })),
      });
      const { relay } = connector;
      return {
        ...(relay && { relay }),
        health: () => connector.health(),
        async run(sink, signal) {
          // Before anything is captured: an address that is taken stops the start.
          const tls = at.tls && { ...at.tls, clientAuthority };
          const listening = await listen(connector.webhook, { host: at.host, port, tls });
          log.info({ port: listening.port }, "listening for webhooks of text messages");
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

function sourceOf(one: SmsWebhookSettings["sources"][number]): WebhookSource {
  switch (one.provider) {
    case "twilio": {
      const { authTokens, reconcile: reconciles, ...source } = one;
      return { ...source, reconciles, authTokens: () => authTokens };
    }
    case "vonage": {
      const { secrets, reports, sends, ...source } = one;
      return {
        ...{ ...source, secrets: () => secrets },
        reports: reports && reportsOf(reports),
        sends: sends && { ...sends, apiSecrets: () => sends.apiSecrets },
      };
    }
    case "hmac": {
      const { secrets } = one;
      return { ...one, secrets: () => secrets };
    }
    case "mutual-tls":
      return one;
  }
}

function reportsOf({
  apiSecrets,
  everyMinutes,
  ...of
}: NonNullable<
  Extract<SmsWebhookSettings["sources"][number], { provider: "vonage" }>["reports"]
>): VonageReports {
  return { ...of, apiSecrets: () => apiSecrets, everyMs: everyMinutes * MINUTE_MS };
}
