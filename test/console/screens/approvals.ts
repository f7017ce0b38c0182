import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const REVIEWER = "reviewer";
const made = z.object({ id: z.string() });
const listed = z.object({ disposals: z.array(z.object({ id: z.string(), state: z.string() })) });

async function proposed(stage: Stage): Promise<string> {
  const body = {
    network: ["whatsapp"],
    kind: ["message"],
    reason: "The retention time is over",
    authority: "Schedule 4, line 12",
  };
  return (await stage.api(OFFICER).call("post", "/api/v1/disposals", { body, response: made })).id;
}

async function held(stage: Stage): Promise<string> {
  const api = stage.api(OFFICER);
  const body = {
    matter: stage.matter,
    reason: "Asked for under freedom of information",
    custodian: "Isla Brennan",
    from: "2026-01-01",
  };
  const { id } = await api.call("post", "/api/v1/holds", { body, response: made });
  await api.call("post", "/api/v1/holds/:id/release", {
    params: { id },
    body: { reason: "The request is answered" },
  });
  return id;
}

/** What the made-up week left to be decided. */
async function decided(stage: Stage): Promise<void> {
  const api = stage.api(REVIEWER);
  const { disposals } = await api.call("get", "/api/v1/disposals", { response: listed });
  for (const { id } of disposals.filter(({ state }) => state === "proposed")) {
    const body = { reason: "It is asked for" };
    await api.call("post", "/api/v1/disposals/:id/reject", { params: { id }, body });
  }
}

export const approvalScreens: readonly Screen[] = [
  {
    page: "/approvals",
    state: "nothing-waits",
    as: REVIEWER,
    open: async (stage) => {
      await decided(stage);
      return "/approvals";
    },
  },
  {
    page: "/approvals/holds/:id",
    state: "waits",
    as: REVIEWER,
    open: async (stage) => `/approvals/holds/${await held(stage)}`,
  },
  {
    page: "/approvals/disposals/:id",
    state: "waits",
    as: REVIEWER,
    open: async (stage) => `/approvals/disposals/${await proposed(stage)}`,
  },
  {
    page: "/approvals/disposals/:id",
    state: "no-reason",
    as: REVIEWER,
    open: async (stage) => `/approvals/disposals/${await proposed(stage)}`,
    async act(page) {
      await page.getByRole("button", { name: "Reject", exact: true }).click();
      await page.waitForLoadState("load");
    },
  },
  { page: "/approvals", state: "waiting", as: REVIEWER, open: () => "/approvals" },
];
