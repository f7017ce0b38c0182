import type { MicrosoftField } from "../microsoft-settings.ts";

const NAMES: Readonly<Record<MicrosoftField, string>> = {
  tenant: "TENANT",
  clientId: "CLIENT_ID",
  clientSecret: "CLIENT_SECRET",
  certificate: "CERTIFICATE",
  certificateKey: "CERTIFICATE_KEY",
};

/** Problems of an application of a tenant's directory, by the names of the settings that have it. */
export function microsoftNames(
  prefix: string,
  problems: readonly (readonly [MicrosoftField, string])[],
): string[] {
  return problems.map(([field, problem]) => `${prefix}_${NAMES[field]}: ${problem}`);
}
