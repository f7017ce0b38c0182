import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const made = z.object({ id: z.string(), state: z.string() });

const exportsOf = (stage: Stage) => `/matters/${stage.matter}/exports`;

/** An export of everything. */
async function asked(stage: Stage): Promise<string> {
  const body = { matter: stage.matter, name: "evidence" };
  return (await stage.api(OFFICER).call("post", "/api/v1/exports", { body, response: made })).id;
}

/** One whose package is being built, or is built. */
async function at(stage: Stage, wanted: "building" | "built"): Promise<string> {
  const api = stage.api(OFFICER);
  const params = { id: await asked(stage) };
  await api.call("post", "/api/v1/exports/:id/build", { params });
  for (;;) {
    const { state } = await api.call("get", "/api/v1/exports/:id", { params, response: made });
    if (state === wanted || state === "built") return `${exportsOf(stage)}/${params.id}`;
    await sleep(20);
  }
}

export const exportScreens: readonly Screen[] = [
  { page: "/matters/:id/exports", state: "empty", as: OFFICER, open: exportsOf },
  {
    page: "/matters/:id/exports/new",
    state: "asked",
    as: OFFICER,
    open: (stage) => `${exportsOf(stage)}/new`,
  },
  {
    page: "/matters/:id/exports/new",
    state: "nothing-entered",
    as: OFFICER,
    open: (stage) => `${exportsOf(stage)}/new`,
    act: async (page) => {
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForLoadState("load");
    },
  },
  {
    page: "/matters/:id/exports/new",
    state: "filters",
    as: OFFICER,
    open: (stage) => `${exportsOf(stage)}/new`,
    act: (page) => page.getByLabel("What a search finds").check(),
  },
  {
    page: "/matters/:id/exports/:export",
    state: "ready",
    as: OFFICER,
    open: async (stage) => `${exportsOf(stage)}/${await asked(stage)}`,
  },
  {
    page: "/matters/:id/exports/:export",
    state: "building",
    as: OFFICER,
    open: (stage) => at(stage, "building"),
  },
  { page: "/matters/:id/exports/:export", state: "built", as: OFFICER, open: (stage) => at(stage, "built") },
  { page: "/matters/:id/exports", state: "several", as: OFFICER, open: exportsOf },
  { page: "/matters/:id/exports", state: "another's", as: "reviewer", open: exportsOf },
];
