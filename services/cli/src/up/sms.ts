import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import { canaryOf, smsCanary } from "../sms-canary.ts";
import { cdrOf, smsCdr } from "../sms-cdr.ts";
import { overSmpp, relayProblem, type SmsWays, waysProblem } from "../sms-ways.ts";
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
    /** Those that may send. */
    relay: z.array(e164).default([]),
    smpp: z
      .strictObject({
        hosts: smppHosts,
        systemId: word,
        password: word,
        systemType: z.string().max(64).default(""),
        alphabet: smppAlphabet,
        keepsHours,
        referenceBits: smppReferenceBits,
        ca: z.string().optional(),
        cdr: smsCdr.optional(),
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
  .refine((given) => waysProblem(waysOf(given)) === undefined, { path: ["webhooks", "sources", "numbers"] })
  .refine((given) => relayProblem(given.relay, waysOf(given)) === undefined, { path: ["relay"] });

function waysOf({
  numbers,
  smpp,
  webhooks,
}: {
  readonly numbers: SmsWays["numbers"];
  readonly smpp?: object | undefined;
  readonly webhooks?: Pick<SmsWays, "sources"> | undefined;
}): SmsWays {
  return { numbers, hasSmpp: smpp !== undefined, sources: webhooks?.sources ?? [] };
}

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
  const { numbers, country, relay, smpp, webhooks } = given;
  const key = keys.service.sms ?? randomBytes(32).toString("base64");
  const { smsLive } = await import("../sms.ts");
  const { smsWebhooksLive } = await import("../sms-webhooks.ts");
  const service = { ...keys.service, sms: key };
  if (keys.service.sms === undefined) await keys.save(service);
  const live: Live[] = [];
  const canary = given.canary && (await canaryOf(given.canary));
  const of = { numbers, canary, log, key: Buffer.from(key, "base64") };
  const covers = overSmpp(waysOf(given));
  if (smpp) {
    const { password, keepsHours: hours, cdr, ...account } = smpp;
    live.push(
      smsLive({
        ...{ ...of, covers, relay: relay.filter((number) => covers.includes(number)) },
        smpp: { ...account, country, password: () => password, keepsMs: hours * 3_600_000 },
        cdr: cdr && (await cdrOf(cdr)),
        stateFile: join(home.dir, "sms.state"),
      }),
    );
  }
  if (webhooks)
    live.push(
      smsWebhooksLive({
        ...{ ...of, country, relay },
        settings: webhooks,
        stateFile: join(home.dir, "sms-webhooks.state"),
        at: { host },
      }),
    );
  return { keys: { ...keys, service }, live };
}
