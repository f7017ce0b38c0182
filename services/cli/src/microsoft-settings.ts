import { createPrivateKey, X509Certificate } from "node:crypto";
import type { MicrosoftApplication } from "@daybook/email";
import { z } from "zod";

/** The directory of a tenant: its id, or a domain of it. */
export const microsoftTenant = z
  .string()
  .regex(/^[\w.-]{1,255}$/, "must be the id of a directory, or a domain");
export const microsoftClientId = z.guid();

/** Of a service of Microsoft's, without a path. */
export const microsoftOrigin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => /^https:|^http:\/\/(127\.0\.0\.1|\[::1\])[:/]/.test(text), "must be https")
  .refine((text) => new URL(text).href === `${new URL(text).origin}/`, "must be without a path");
export const microsoftLoginUrl = microsoftOrigin.default("https://login.microsoftonline.com");

/** An application of a tenant's directory, as settings and files say it. */
export interface MicrosoftGiven {
  readonly tenant?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: (() => string) | undefined;
  /** PEM; in place of the secret. */
  readonly certificate?: string | undefined;
  readonly certificateKey?: (() => string) | undefined;
  readonly loginUrl: string;
}

const FIELDS = ["tenant", "clientId", "clientSecret", "certificate", "certificateKey"] as const;
export type MicrosoftField = (typeof FIELDS)[number];

/** What is missing or wrong, by field; of an application that is not named at all, nothing. */
export function microsoftProblems(given: Partial<MicrosoftGiven>): [MicrosoftField, string][] {
  if (FIELDS.every((field) => given[field] === undefined)) return [];
  const { clientSecret, certificate, certificateKey } = given;
  const problems: [MicrosoftField, string][] = [];
  if (given.tenant === undefined) problems.push(["tenant", "is missing"]);
  if (given.clientId === undefined) problems.push(["clientId", "is missing"]);
  if (!clientSecret && certificate === undefined)
    problems.push(["clientSecret", "is missing, and a certificate in its place too"]);
  if (clientSecret && certificate !== undefined)
    problems.push(["certificate", "stands beside a client secret: give one of them"]);
  if ((certificate === undefined) !== (certificateKey === undefined))
    problems.push(["certificateKey", "belongs with a certificate"]);
  else if (certificate !== undefined && certificateKey && !isKeyOf(certificateKey(), certificate))
    problems.push(["certificateKey", "is not the RSA key of the certificate"]);
  return problems;
}

function isKeyOf(key: string, certificate: string): boolean {
  try {
    const own = createPrivateKey(key);
    return own.asymmetricKeyType === "rsa" && new X509Certificate(certificate).checkPrivateKey(own);
  } catch {
    return false;
  }
}

/** By settings that were judged before; undefined where no application is named. */
export function microsoftOf({
  tenant,
  clientId,
  clientSecret,
  certificate,
  certificateKey,
  loginUrl,
}: MicrosoftGiven): MicrosoftApplication | undefined {
  if (tenant === undefined || clientId === undefined) return undefined;
  const of = { tenant, clientId, loginUrl };
  if (clientSecret) return { ...of, credential: { clientSecret } };
  if (certificate === undefined || !certificateKey) return undefined;
  return { ...of, credential: { certificate, certificateKey } };
}

const word = z.string().trim().min(1).max(4_096);
const pem = z
  .string()
  .max(65_536)
  .regex(/-----BEGIN [A-Z ]+-----/, "must be PEM");

/** How a file of `daybook up` says it. */
export const microsoftFields = {
  tenant: microsoftTenant,
  clientId: microsoftClientId,
  clientSecret: word.transform((text) => () => text).optional(),
  certificate: pem.optional(),
  certificateKey: pem.transform((text) => () => text).optional(),
  loginUrl: microsoftLoginUrl,
};

/** Has a file be refused where that is wrong, at the field. */
export function checkMicrosoft(given: MicrosoftGiven, context: z.core.$RefinementCtx): void {
  for (const [field, message] of microsoftProblems(given))
    context.addIssue({ code: "custom", path: [field], message });
}
