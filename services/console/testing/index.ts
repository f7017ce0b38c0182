export * from "./agents-api.ts";
export * from "./browser.ts";
export * from "./console-over.ts";
