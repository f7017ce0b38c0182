import type { MessageTraceSettings } from "@daybook/email";
import { type Config, secret } from "@daybook/runtime";
import {
  traceClientId,
  traceGraphUrl,
  traceLoginUrl,
  traceSettleHours,
  traceTenant,
} from "../email-settings.ts";

/** What capture is told where the journal is compared with the message trace of a Microsoft 365 tenant. */
export const EMAIL_TRACE = {
  DAYBOOK_EMAIL_TRACE_TENANT: traceTenant
    .optional()
    .describe(
      "the tenant whose message trace the journal is compared with: its id, or a domain; without it none is",
    ),
  DAYBOOK_EMAIL_TRACE_CLIENT_ID: traceClientId
    .optional()
    .describe("the application in its directory that may read message traces"),
  DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: secret().optional().describe("a client secret of that"),
  DAYBOOK_EMAIL_TRACE_SETTLE_HOURS: traceSettleHours.describe("hours after its end that a day is compared"),
  DAYBOOK_EMAIL_TRACE_LOGIN_URL: traceLoginUrl.describe("where Microsoft gives tokens"),
  DAYBOOK_EMAIL_TRACE_GRAPH_URL: traceGraphUrl.describe("where Microsoft Graph is"),
};

type Given = Config<typeof EMAIL_TRACE>;

const TOGETHER = [
  "DAYBOOK_EMAIL_TRACE_TENANT",
  "DAYBOOK_EMAIL_TRACE_CLIENT_ID",
  "DAYBOOK_EMAIL_TRACE_CLIENT_SECRET",
] as const;

export function traceProblems(config: Partial<Given>): string[] {
  const given = TOGETHER.find((name) => config[name] !== undefined);
  if (given === undefined) return [];
  return TOGETHER.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside ${given}`,
  );
}

/** By settings that were judged before; undefined where nothing is compared. */
export function traceOf(config: Given): MessageTraceSettings | undefined {
  const {
    DAYBOOK_EMAIL_TRACE_TENANT: tenant,
    DAYBOOK_EMAIL_TRACE_CLIENT_ID: clientId,
    DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: clientSecret,
  } = config;
  if (tenant === undefined || clientId === undefined || !clientSecret) return undefined;
  return {
    tenant,
    clientId,
    clientSecret: () => clientSecret.reveal().trim(),
    settleMs: config.DAYBOOK_EMAIL_TRACE_SETTLE_HOURS * 3_600_000,
    loginUrl: config.DAYBOOK_EMAIL_TRACE_LOGIN_URL,
    graphUrl: config.DAYBOOK_EMAIL_TRACE_GRAPH_URL,
  };
}
