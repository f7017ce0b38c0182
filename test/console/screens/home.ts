import { ROLES } from "@daybook/runtime";
import type { Screen } from "./screen.ts";

export const homeScreens: readonly Screen[] = ROLES.map((as) => ({
  page: "/",
  state: "today",
  as,
  open: () => "/",
}));
