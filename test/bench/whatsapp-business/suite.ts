import type { Bench } from "../figure.ts";
import { acknowledging } from "./acknowledging.ts";

/** What Meta waits for, where official numbers are captured. */
export const WHATSAPP_BUSINESS: Readonly<Record<string, Bench>> = {
  "whatsapp-business-acknowledging": acknowledging,
};
