export * from "./by-http.ts";
export * from "./by-smpp.ts";
export * from "./send.ts";
