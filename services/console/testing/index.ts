export * from "./browser.ts";
export * from "./console-over.ts";
