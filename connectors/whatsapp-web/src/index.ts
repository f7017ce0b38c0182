export { type Chromium, findChromium } from "./chromium.ts";
export { WebError, type WebErrorCode } from "./error.ts";
export type { WhatsAppWebOptions } from "./options.ts";
export { WhatsAppWeb } from "./whatsapp-web.ts";
