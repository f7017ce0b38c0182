import { type Act, add, asked, fresh, made, person, press } from "./registry.ts";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const ADMINISTRATOR = "administrator";

/** An agent that was offered a device. */
async function offered(stage: Stage): Promise<{ agent: string; device: string }> {
  const device = await add(stage, "/api/v1/devices", { label: fresh("MAC"), mode: "Fully managed" });
  const body = {
    ...{
      kind: "mac-imessage",
      network: "imessage",
      identifier: `${fresh("ailsa").replace(" ", "")}@mac.example`,
    },
    ...{ custodian: await person(stage), device, reason: "Issued" },
  };
  const { id: agent } = await stage
    .api(ADMINISTRATOR)
    .call("post", "/api/v1/agents", { body, response: made });
  return { agent, device };
}

async function revoked(stage: Stage): Promise<string> {
  const { agent: id } = await offered(stage);
  const body = { reason: "Lost on a train" };
  await stage.api(ADMINISTRATOR).call("post", "/api/v1/agents/:id/revoke", { params: { id }, body });
  return `/agents/${id}`;
}

const offering =
  (custodian: string): Act =>
  async (page, stage) => {
    await page.getByLabel("iMessages of a Mac").check();
    await page.locator("#identifier").fill(`${fresh("isla").replace(" ", "")}@mac.example`);
    await page.locator("#custodian").fill(custodian);
    await page.locator("#reason").fill("Issued");
    await press("Make a code")(page, stage);
  };

export const agentScreens: readonly Screen[] = [
  {
    page: "/agents",
    state: "offered",
    as: OFFICER,
    open: async (stage) => {
      await offered(stage);
      return "/agents";
    },
  },
  asked("/agents/new", () => "/agents/new", ADMINISTRATOR),
  {
    page: "/agents/new",
    state: "nothing-entered",
    as: ADMINISTRATOR,
    open: () => "/agents/new",
    act: press("Make a code"),
  },
  { page: "/agents/new", state: "refused", as: OFFICER, open: () => "/agents/new", status: 403 },
  asked(
    "/devices/:id/offer",
    async (stage) => `/devices/${(await offered(stage)).device}/offer`,
    ADMINISTRATOR,
  ),
  {
    page: "/devices/:id/offer",
    state: "nobody-of-that-name",
    as: ADMINISTRATOR,
    open: async (stage) => `/devices/${(await offered(stage)).device}/offer`,
    act: offering("Nobody At All"),
  },
  {
    page: "/devices/:id/offer",
    state: "offered-where-none-are-taken",
    as: ADMINISTRATOR,
    open: async (stage) => `/devices/${(await offered(stage)).device}/offer`,
    act: offering("Isla Brennan"),
  },
  {
    page: "/devices/:id",
    state: "with-an-agent",
    as: ADMINISTRATOR,
    open: async (stage) => `/devices/${(await offered(stage)).device}`,
  },
  {
    page: "/agents/:id",
    state: "offered",
    as: ADMINISTRATOR,
    open: async (stage) => `/agents/${(await offered(stage)).agent}`,
  },
  { page: "/agents/:id", state: "withdrawn", as: OFFICER, open: revoked },
  asked(
    "/agents/:id/revoke",
    async (stage) => `/agents/${(await offered(stage)).agent}/revoke`,
    ADMINISTRATOR,
  ),
  {
    page: "/agents/:id/revoke",
    state: "done",
    as: ADMINISTRATOR,
    open: async (stage) => `/agents/${(await offered(stage)).agent}/revoke`,
    act: async (page, stage) => {
      await page.locator("#reason").fill("Lost on a train");
      await press("Revoke it")(page, stage);
    },
  },
];
