import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { sampleAccount } from "./registry.ts";
import type { Screen, Stage } from "./screen.ts";

const ADMINISTRATOR = "administrator";
const WEEK = "?days=7&until=2026-03-08";

const measured = z.object({ measuredAt: z.string().nullable() });

async function storage(stage: Stage): Promise<string> {
  const look = () => stage.api(ADMINISTRATOR).call("get", "/api/v1/health/storage", { response: measured });
  while ((await look()).measuredAt === null) await sleep(100);
  return "/health/storage";
}

export const healthScreens: readonly Screen[] = [
  { page: "/health", state: "the-week", as: ADMINISTRATOR, open: () => `/health${WEEK}` },
  { page: "/health", state: "now", as: "auditor", open: () => "/health" },
  {
    page: "/health/accounts/:id",
    state: "with-a-gap",
    as: ADMINISTRATOR,
    open: async (stage) => `/health/accounts/${await sampleAccount(stage, "whatsapp")}${WEEK}`,
  },
  {
    page: "/health/accounts/:id",
    state: "silent",
    as: ADMINISTRATOR,
    open: async (stage) => `/health/accounts/${await sampleAccount(stage, "sms")}`,
  },
  { page: "/health/gaps", state: "of-all", as: ADMINISTRATOR, open: () => "/health/gaps" },
  {
    page: "/health/gaps",
    state: "none-of-one",
    as: "records-officer",
    open: async (stage) => `/health/gaps?account=${await sampleAccount(stage, "sms")}`,
  },
  { page: "/health/parked", state: "none", as: ADMINISTRATOR, open: () => "/health/parked" },
  { page: "/health/log", state: "never-checked", as: "records-officer", open: () => "/health/log" },
  {
    page: "/health/log",
    state: "checking",
    as: ADMINISTRATOR,
    open: () => "/health/log",
    act: async (page) => {
      await page.getByRole("button", { name: "Check everything now", exact: true }).click();
      await page.waitForLoadState("load");
    },
  },
  { page: "/health/storage", state: "measured", as: ADMINISTRATOR, open: storage },
  { page: "/keys", state: "list", as: ADMINISTRATOR, open: () => "/keys" },
];
