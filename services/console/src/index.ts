export { type ConsoleOptions, createConsole } from "./console.ts";
export type { Page } from "./page.ts";
export { PAGES } from "./pages.ts";
