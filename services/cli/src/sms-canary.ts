import type { SmsCanary } from "@daybook/sms";
import { z } from "zod";
import { smppHost } from "./sms-settings.ts";

const word = z.string().trim().min(1).max(4_096);

/** Whom tests of an SMPP account come from. */
export const canarySender = z
  .string()
  .regex(/^(?:\+?\d{3,15}|[\w .-]{1,11})$/, "must be a number, or a name of at most eleven letters");

/** On this machine nobody listens in between. */
const PLACE = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/])/;

/** What is wrong with a URL that texts are sent by, and its body, as the ends of sentences that begin with its name. */
export function canaryUrlProblems(url: string, body = ""): string[] {
  return [
    ...(PLACE.test(url) && URL.canParse(url) ? [] : ["must look like https://HOST/PATH"]),
    ...["{to}", "{text}"]
      .filter((name) => !`${url}${body}`.includes(name))
      .map((name) => `neither it nor the body has ${name}`),
  ];
}

/** How official numbers are tested from outside: by a URL, or by a second SMPP account. */
export const smsCanary = z.union([
  z
    .strictObject({ url: word, body: word.optional(), authorization: word.optional() })
    .refine(({ url, body }) => canaryUrlProblems(url, body).length === 0, { path: ["url"] }),
  z.strictObject({
    smpp: z.strictObject({ host: smppHost, systemId: word, password: word, from: canarySender }),
  }),
]);
export type SmsCanarySettings = z.infer<typeof smsCanary>;

export async function canaryOf(given: SmsCanarySettings): Promise<SmsCanary> {
  const { byHttp, bySmpp } = await import("@daybook/sms");
  if ("url" in given) {
    const { authorization, ...of } = given;
    return {
      send: byHttp({ ...of, authorization: authorization === undefined ? undefined : () => authorization }),
    };
  }
  const { host, systemId, password, from } = given.smpp;
  const { hasTls, ...at } = host;
  return {
    send: bySmpp({
      host: { ...at, tls: hasTls ? {} : undefined },
      ...{ systemId, from, systemType: "", password: () => password },
    }),
  };
}
