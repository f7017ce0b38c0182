import type { AgentOptions } from "@daybook/capture";
import type { ApiClient, Config } from "@daybook/runtime";
import { z } from "zod";
import { AGENT_KINDS, agentReaders } from "../agents.ts";
import { type COMMON, pem } from "./settings.ts";

/** What capture is told of agents on devices. */
export const AGENTS = {
  DAYBOOK_AGENTS: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .pipe(z.array(z.enum(AGENT_KINDS)))
    .default([])
    .describe("agents on devices whose batches are taken, comma-separated: android-sms, mac-imessage"),
  DAYBOOK_AGENTS_PORT: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(65_535)
    .default(4483)
    .describe("port that agents on devices come to, under /agents/v1/ alone"),
  DAYBOOK_AGENTS_CLIENT_CA: pem()
    .optional()
    .describe(
      "the authority that signs the devices' certificates, PEM: those without one are refused (mutual TLS)",
    ),
  DAYBOOK_AGENTS_QUIET_HOURS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(8_760)
    .default(24)
    .describe("an agent that says nothing for so many hours is down"),
};

/** What is wrong with them beside the other settings. */
export function agentProblems(config: Config<typeof AGENTS> & Config<typeof COMMON>): string[] {
  return config.DAYBOOK_AGENTS_CLIENT_CA !== undefined && config.DAYBOOK_TLS_CERTIFICATE === undefined
    ? ["DAYBOOK_TLS_CERTIFICATE: is missing beside DAYBOOK_AGENTS_CLIENT_CA"]
    : [];
}

/** Undefined where none are taken. */
export async function agentsOf(
  config: Config<typeof AGENTS> & Config<typeof COMMON>,
  records: ApiClient,
): Promise<AgentOptions | undefined> {
  const { DAYBOOK_AGENTS: kinds, DAYBOOK_TLS_CERTIFICATE: certificate, DAYBOOK_TLS_KEY: key } = config;
  if (kinds.length === 0) return undefined;
  const { agentRegistryClient } = await import("@daybook/capture");
  return {
    readers: await agentReaders(kinds),
    registry: agentRegistryClient(records),
    at: {
      host: config.DAYBOOK_HOST,
      port: config.DAYBOOK_AGENTS_PORT,
      tls:
        certificate !== undefined && key
          ? { certificate, key, clientAuthority: config.DAYBOOK_AGENTS_CLIENT_CA }
          : undefined,
    },
    quietMs: config.DAYBOOK_AGENTS_QUIET_HOURS * 3_600_000,
  };
}
