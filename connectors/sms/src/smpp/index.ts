export * from "./body.ts";
export * from "./error.ts";
export * from "./frames.ts";
export * from "./gsm.ts";
export * from "./gsm-tables.ts";
export * from "./pdu.ts";
export * from "./protocol.ts";
