import type { MessageTraceSettings } from "@daybook/email";
import { type Config, secret } from "@daybook/runtime";
import { messageTraceOf, traceGraphUrl, traceSettleHours } from "../email-settings.ts";
import {
  microsoftClientId,
  type MicrosoftGiven,
  microsoftLoginUrl,
  microsoftProblems,
  microsoftTenant,
} from "../microsoft-settings.ts";
import { microsoftNames } from "./microsoft-names.ts";
import { pem } from "./settings.ts";

/** What capture is told where the journal is compared with the message trace of a Microsoft 365 tenant. */
export const EMAIL_TRACE = {
  DAYBOOK_EMAIL_TRACE_TENANT: microsoftTenant
    .optional()
    .describe(
      "the tenant whose message trace the journal is compared with: its id, or a domain; without it none is",
    ),
  DAYBOOK_EMAIL_TRACE_CLIENT_ID: microsoftClientId
    .optional()
    .describe("the application in its directory that may read message traces"),
  DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: secret().optional().describe("a client secret of that"),
  DAYBOOK_EMAIL_TRACE_CERTIFICATE: pem().optional().describe("in its place: a certificate of that, PEM"),
  DAYBOOK_EMAIL_TRACE_CERTIFICATE_KEY: secret().optional().describe("its RSA key, PEM"),
  DAYBOOK_EMAIL_TRACE_SETTLE_HOURS: traceSettleHours.describe("hours after its end that a day is compared"),
  DAYBOOK_EMAIL_TRACE_LOGIN_URL: microsoftLoginUrl.describe("where Microsoft gives tokens"),
  DAYBOOK_EMAIL_TRACE_GRAPH_URL: traceGraphUrl.describe("where Microsoft Graph is"),
};

type Given = Config<typeof EMAIL_TRACE>;

export function traceProblems(config: Partial<Given>): string[] {
  return microsoftNames("DAYBOOK_EMAIL_TRACE", microsoftProblems(microsoftGiven(config)));
}

function microsoftGiven(config: Partial<Given>): MicrosoftGiven {
  const {
    DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: clientSecret,
    DAYBOOK_EMAIL_TRACE_CERTIFICATE_KEY: certificateKey,
  } = config;
  return {
    tenant: config.DAYBOOK_EMAIL_TRACE_TENANT,
    clientId: config.DAYBOOK_EMAIL_TRACE_CLIENT_ID,
    clientSecret: clientSecret && (() => clientSecret.reveal().trim()),
    certificate: config.DAYBOOK_EMAIL_TRACE_CERTIFICATE,
    certificateKey: certificateKey && (() => certificateKey.reveal()),
    loginUrl: config.DAYBOOK_EMAIL_TRACE_LOGIN_URL ?? "",
  };
}

/** By settings that were judged before; undefined where nothing is compared. */
export function traceOf(config: Given): MessageTraceSettings | undefined {
  return messageTraceOf({
    ...microsoftGiven(config),
    settleHours: config.DAYBOOK_EMAIL_TRACE_SETTLE_HOURS,
    graphUrl: config.DAYBOOK_EMAIL_TRACE_GRAPH_URL,
  });
}
