import type { Bench } from "../figure.ts";
import { acknowledging } from "./acknowledging.ts";

/** What a provider that pushes text messages waits for. */
export const SMS_WEBHOOKS: Readonly<Record<string, Bench>> = {
  "sms-webhooks-acknowledging": acknowledging,
};
