import type { Screen } from "./screen.ts";

export const aboutScreens: readonly Screen[] = [
  { page: "/accessibility", state: "signed-out", as: "nobody", open: () => "/accessibility" },
  { page: "/accessibility", state: "signed-in", as: "auditor", open: () => "/accessibility" },
  { page: "/cookies", state: "signed-out", as: "nobody", open: () => "/cookies" },
  { page: "problem", state: "not-found", as: "auditor", open: () => "/nothing-here", status: 404 },
];
