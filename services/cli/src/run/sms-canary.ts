import { type Config, secret } from "@daybook/runtime";
import type { SmsCanary } from "@daybook/sms";
import { z } from "zod";
import { smppHosts } from "../sms-settings.ts";

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
  DAYBOOK_SMS_CANARY_SMPP_HOST: smppHosts.element
    .optional()
    .describe("in place of a URL: the host of a second SMPP account, smpps://HOST:PORT"),
  DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID: z.string().min(1).max(64).optional().describe("what it is bound as"),
  DAYBOOK_SMS_CANARY_SMPP_PASSWORD: secret().optional().describe("the password of that"),
  DAYBOOK_SMS_CANARY_SMPP_FROM: z
    .string()
    .regex(/^(?:\+?\d{3,15}|[\w .-]{1,11})$/, "must be a number, or a name of at most eleven letters")
    .optional()
    .describe("whom its tests come from"),
};

type Given = Partial<Config<typeof SMS_CANARY>>;

const HTTP = ["DAYBOOK_SMS_CANARY_BODY", "DAYBOOK_SMS_CANARY_AUTHORIZATION"] as const;
const SMPP = [
  "DAYBOOK_SMS_CANARY_SMPP_HOST",
  "DAYBOOK_SMS_CANARY_SMPP_SYSTEM_ID",
  "DAYBOOK_SMS_CANARY_SMPP_PASSWORD",
  "DAYBOOK_SMS_CANARY_SMPP_FROM",
] as const;
/** On this machine nobody listens in between. */
const PLACE = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/])/;

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
  const template = `${url.reveal()}${body?.reveal() ?? ""}`;
  return [
    ...(PLACE.test(url.reveal()) && URL.canParse(url.reveal().trim())
      ? []
      : ["DAYBOOK_SMS_CANARY_URL: must look like https://HOST/PATH"]),
    ...["{to}", "{text}"]
      .filter((name) => !template.includes(name))
      .map((name) => `DAYBOOK_SMS_CANARY_URL: neither it nor the body has ${name}`),
  ];
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
  const { byHttp, bySmpp } = await import("@daybook/sms");
  if (url)
    return {
      send: byHttp({
        url: url.reveal().trim(),
        body: body?.reveal().trim(),
        authorization: authorization && (() => authorization.reveal().trim()),
      }),
    };
  if (!host || systemId === undefined || !password || from === undefined) return undefined;
  const { hasTls, ...at } = host;
  return {
    send: bySmpp({
      host: { ...at, tls: hasTls ? {} : undefined },
      ...{ systemId, from, systemType: "", password: () => password.reveal().trim() },
    }),
  };
}
