export * from "./options.ts";
export * from "./sms-webhooks.ts";
export type * from "./source.ts";
