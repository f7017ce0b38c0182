export * from "./cipher.ts";
export * from "./port.ts";
