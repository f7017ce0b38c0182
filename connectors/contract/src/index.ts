export * from "./connector.ts";
export * from "./error.ts";
export * from "./event.ts";
export * from "./envelope.ts";
export * from "./linking.ts";
export * from "./relay.ts";
