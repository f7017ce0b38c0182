import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import { canariesOf, canaryNumbersProblem, canaryOf, smsCanary } from "../sms-canary.ts";
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
    canary: smsCanary.optional(),
  })
  .refine(({ smpp, webhooks }) => (smpp ?? webhooks) !== undefined, { path: ["smpp"] })
  .refine(
    ({ numbers, smpp }) => smpp?.relay.every((own) => numbers.some(({ number }) => number === own)) ?? true,
    { path: ["smpp", "relay"] },
  )
  .refine(
    ({ canary, smpp, numbers, webhooks }) =>
      !webhooks ||
      canaryNumbersProblem({
        ...{ hasCanary: canary !== undefined, hasSmpp: smpp !== undefined },
        ...{ numbers, byWebhook: webhooks.canaryNumbers },
      }) === undefined,
    { path: ["webhooks", "canaryNumbers"] },
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
  const given = await readPrivateSettings(file, "official numbers", settings);
  const { numbers, country, smpp, webhooks } = given;
  const key = keys.service.sms ?? randomBytes(32).toString("base64");
  const { smsLive } = await import("../sms.ts");
  const { smsWebhooksLive } = await import("../sms-webhooks.ts");
  const service = { ...keys.service, sms: key };
  if (keys.service.sms === undefined) await keys.save(service);
  const live: Live[] = [];
  const of = { numbers, log, key: Buffer.from(key, "base64") };
  const canary = given.canary && (await canaryOf(given.canary));
  const canaries = canariesOf(canary, numbers, smpp && webhooks?.canaryNumbers);
  if (smpp) {
    const { password, keepsHours: hours, relay, ...account } = smpp;
    live.push(
      smsLive({
        ...{ ...of, relay, canary: canaries.smpp },
        smpp: { ...account, country, password: () => password, keepsMs: hours * 3_600_000 },
        stateFile: join(home.dir, "sms.state"),
      }),
    );
  }
  if (webhooks)
    live.push(
      smsWebhooksLive({
        ...{ ...of, country, canary: canaries.webhooks },
        settings: webhooks,
        stateFile: join(home.dir, "sms-webhooks.state"),
        at: { host },
      }),
    );
  return { keys: { ...keys, service }, live };
}
