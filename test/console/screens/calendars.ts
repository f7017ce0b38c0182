import { z } from "zod";
import type { Screen } from "./screen.ts";

const OFFICER = "records-officer";
const calendars = z.object({ calendars: z.array(z.object({ id: z.string() })) });

const press =
  (name: string): NonNullable<Screen["act"]> =>
  async (page) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForLoadState("load");
  };

export const calendarScreens: readonly Screen[] = [
  { page: "/calendars", state: "only-read", as: "auditor", open: () => "/calendars" },
  {
    page: "/calendars",
    state: "versions",
    as: OFFICER,
    open: async (stage) => {
      const day = { day: "2027-06-14", divisions: ["scotland"], source: "Proclamation of 1 November 2026" };
      const api = stage.api(OFFICER);
      await api.call("post", "/api/v1/calendars/proclaim", { body: { ...day, title: "A day off" } });
      await api.call("post", "/api/v1/calendars/withdraw", { body: day });
      return "/calendars";
    },
  },
  {
    page: "/calendars",
    state: "no-file",
    as: OFFICER,
    open: () => "/calendars",
    act: press("Take the file"),
  },
  { page: "/calendars/proclaim", state: "asked", as: OFFICER, open: () => "/calendars/proclaim" },
  {
    page: "/calendars/proclaim",
    state: "nothing-entered",
    as: OFFICER,
    open: () => "/calendars/proclaim",
    act: press("Add the day"),
  },
  { page: "/calendars/withdraw", state: "asked", as: OFFICER, open: () => "/calendars/withdraw" },
  {
    page: "/calendars/:id",
    state: "days",
    as: "reviewer",
    open: async (stage) => {
      const found = await stage
        .api("reviewer")
        .call("get", "/api/v1/calendars", { query: { limit: 1 }, response: calendars });
      return `/calendars/${found.calendars[0]?.id ?? ""}`;
    },
  },
];
