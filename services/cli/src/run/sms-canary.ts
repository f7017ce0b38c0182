import { type Config, secret } from "@daybook/runtime";
import type { SmsCanary } from "@daybook/sms";
import { z } from "zod";
import { canaryOf, canarySender, canaryUrlProblems } from "../sms-canary.ts";
import { smppHost } from "../sms-settings.ts";

/** What capture is told where official numbers are tested from outside: by a URL, or by a second SMPP account. */
export const SMS_CANARY = {
  DAYBOOK_SMS_CANARY_URL: secret()
    .optional()
    .describe(
      "where a second provider sends texts, https, with {to} and {text} in it or in the body: tests the numbers",
    ),
  DAYBOOK_SMS_CANARY_BODY: secret()
    .optional()
    .describe("what is posted there, JSON or a form, with {to} and {text}; without it, it is asked by GET"),
  DAYBOOK_SMS_CANARY_AUTHORIZATION: secret()
    .optional()
    .describe("the header of that name, like Basic or Bearer"),
  DAYBOOK_SMS_CANARY_SMPP_HOST: smppHost
    .optional()
    .describe("in place of a URL: the host of a second SMPP account, smpps://HOST:PORT"),
  DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID: z.string().min(1).max(64).optional().describe("what it is bound as"),
  DAYBOOK_SMS_CANARY_SMPP_PASSWORD: secret().optional().describe("the password of that"),
  DAYBOOK_SMS_CANARY_SMPP_FROM: canarySender.optional().describe("whom its tests come from"),
};

type Given = Partial<Config<typeof SMS_CANARY>>;

const HTTP = ["DAYBOOK_SMS_CANARY_BODY", "DAYBOOK_SMS_CANARY_AUTHORIZATION"] as const;
const SMPP = [
  "DAYBOOK_SMS_CANARY_SMPP_HOST",
  "DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID",
  "DAYBOOK_SMS_CANARY_SMPP_PASSWORD",
  "DAYBOOK_SMS_CANARY_SMPP_FROM",
] as const;

export function hasSmsCanary(config: Given): boolean {
  return config.DAYBOOK_SMS_CANARY_URL !== undefined || SMPP.some((name) => config[name] !== undefined);
}

export function smsCanaryProblems(config: Given): string[] {
  const { DAYBOOK_SMS_CANARY_URL: url, DAYBOOK_SMS_CANARY_BODY: body } = config;
  const isSmpp = SMPP.some((name) => config[name] !== undefined);
  if (isSmpp)
    return [
      ...SMPP.filter((name) => config[name] === undefined).map(
        (name) => `${name}: is missing beside the others of the second SMPP account`,
      ),
      ...(url ? ["DAYBOOK_SMS_CANARY_URL: stands beside a second SMPP account: leave one out"] : []),
    ];
  if (!url)
    return HTTP.filter((name) => config[name] !== undefined).map(
      (name) => `${name}: stands without DAYBOOK_SMS_CANARY_URL`,
    );
  return canaryUrlProblems(url.reveal().trim(), body?.reveal()).map(
    (end) => `DAYBOOK_SMS_CANARY_URL: ${end}`,
  );
}

/** By settings that were judged before; undefined where nothing tests the numbers. */
export async function smsCanaryOf(config: Given): Promise<SmsCanary | undefined> {
  const {
    DAYBOOK_SMS_CANARY_URL: url,
    DAYBOOK_SMS_CANARY_BODY: body,
    DAYBOOK_SMS_CANARY_AUTHORIZATION: authorization,
    DAYBOOK_SMS_CANARY_SMPP_HOST: host,
    DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID: systemId,
    DAYBOOK_SMS_CANARY_SMPP_PASSWORD: password,
    DAYBOOK_SMS_CANARY_SMPP_FROM: from,
  } = config;
  if (url)
    return canaryOf({
      url: url.reveal().trim(),
      body: body?.reveal().trim(),
      authorization: authorization?.reveal().trim(),
    });
  if (!host || systemId === undefined || !password || from === undefined) return undefined;
  return canaryOf({ smpp: { host, systemId, password: password.reveal().trim(), from } });
}
