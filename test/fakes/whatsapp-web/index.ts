export type { Behaviour } from "./behaviour.ts";
export * from "./changes.ts";
export { describeWithChromium, findChromium, HEADLESS_ARGS } from "./chromium.ts";
export type { Asked } from "./line.ts";
export type { MediaFault, MediaFields, MediaType } from "./media.ts";
export * from "./messages.ts";
export { WhatsAppWebServer } from "./server.ts";
export * from "./wire.ts";
