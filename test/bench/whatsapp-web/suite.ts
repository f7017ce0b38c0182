import type { Bench } from "../figure.ts";
import { capturing } from "./capturing.ts";

/** What the linked device of an official's own WhatsApp costs, against the fake WhatsApp Web in a real Chromium. */
export const WHATSAPP_WEB: Readonly<Record<string, Bench>> = { "whatsapp-web-capturing": capturing };
