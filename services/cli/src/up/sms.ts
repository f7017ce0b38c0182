import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import { smsWebhooks } from "../sms-webhook-settings.ts";
import { e164, smsNumbers } from "../sms-numbers.ts";
import { keepsHours, smppAlphabet, smppHosts, smppReferenceBits, smsCountry } from "../sms-settings.ts";
import type { Keys } from "./keys.ts";
import { readPrivateSettings } from "./private-settings.ts";

const word = z.string().trim().min(1).max(4_096);

/** What a file says of official numbers and their providers: see `connectors/sms`. */
const settings = z
  .strictObject({
    numbers: smsNumbers,
    country: smsCountry,
    smpp: z
      .strictObject({
        hosts: smppHosts,
        systemId: word,
        password: word,
        systemType: z.string().max(64).default(""),
        alphabet: smppAlphabet,
        keepsHours,
        relay: z.array(e164).default([]),
        referenceBits: smppReferenceBits,
        ca: z.string().optional(),
      })
      .optional(),
    webhooks: smsWebhooks
      // A proxy of the operator's has the certificate, and sees those of others.
      .refine(({ sources }) => sources.every(({ provider }) => provider !== "mutual-tls"), {
        path: ["sources"],
      })
      .optional(),
  })
  .refine(({ smpp, webhooks }) => (smpp ?? webhooks) !== undefined, { path: ["smpp"] })
  .refine(
    ({ numbers, smpp }) => smpp?.relay.every((own) => numbers.some(({ number }) => number === own)) ?? true,
    { path: ["smpp", "relay"] },
  );

/**
 * Has a home capture text messages of official numbers.
 *
 * @param file says which, and what the aggregator or provider gave for them
 * @param host where webhooks come to, by a proxy that has a certificate
 * @returns the keys with one for what is remembered, which is made and kept where there is none
 * @throws {CliError} for a file that says something else, or that others may read
 */
export async function withSms(
  home: Home,
  keys: Keys,
  { file, host, log }: { file: string; host: string; log: Logger },
): Promise<{ keys: Keys; live: readonly Live[] }> {
  const { numbers, country, smpp, webhooks } = await readPrivateSettings(file, "official numbers", settings);
  const key = keys.service.sms ?? randomBytes(32).toString("base64");
  const { smsLive } = await import("../sms.ts");
  const { smsWebhooksLive } = await import("../sms-webhooks.ts");
  const service = { ...keys.service, sms: key };
  if (keys.service.sms === undefined) await keys.save(service);
  const live: Live[] = [];
  const of = { numbers, log, key: Buffer.from(key, "base64") };
  if (smpp) {
    const { password, keepsHours: hours, relay, ...given } = smpp;
    live.push(
      smsLive({
        ...{ ...of, relay },
        smpp: { ...given, country, password: () => password, keepsMs: hours * 3_600_000 },
        stateFile: join(home.dir, "sms.state"),
      }),
    );
  }
  if (webhooks)
    live.push(
      smsWebhooksLive({
        ...of,
        country,
        settings: webhooks,
        stateFile: join(home.dir, "sms-webhooks.state"),
        at: { host },
      }),
    );
  return { keys: { ...keys, service }, live };
}
