import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const CUSTODIAN = "custodian";
const made = z.object({ id: z.string() });
const linking = z.object({ state: z.object({ step: z.string() }) });

/** A link that is at this step. */
async function linkAt(stage: Stage, step: string): Promise<string> {
  const api = stage.api(CUSTODIAN);
  const body = { network: "whatsapp" };
  const { id } = await api.call("post", "/api/v1/self/links", { body, response: made });
  const params = { id };
  if (step === "failed") await api.call("delete", "/api/v1/self/links/:id", { params });
  for (;;) {
    const { state } = await api.call("get", "/api/v1/self/links/:id", { params, response: linking });
    if (state.step === step) return `/my/link/${id}`;
    await sleep(100);
  }
}

const list = z.object({ conversations: z.array(z.object({ key: z.string(), network: z.string() })) });

/** Where the official answers in a conversation of theirs on Signal, which the sample may send on. */
async function replyTo(stage: Stage): Promise<string> {
  const { conversations } = await stage
    .api(CUSTODIAN)
    .call("get", "/api/v1/self/conversations", { response: list });
  const found = conversations.find(({ network }) => network === "signal");
  if (!found) throw new Error("the sample has no such conversation");
  return `/my/conversations/${found.key}/reply`;
}

const answered = async (page: Page, text: string) => {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForLoadState("load");
};

export const myScreens: readonly Screen[] = [
  { page: "/my", state: "before", as: CUSTODIAN, open: () => "/my" },
  { page: "/my/link", state: "asked", as: CUSTODIAN, open: () => "/my/link" },
  {
    page: "/my/link",
    state: "nothing-chosen",
    as: CUSTODIAN,
    open: () => "/my/link",
    act: async (page) => {
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForLoadState("load");
    },
  },
  ...["show", "failed", "linked"].map((step): Screen => ({
    page: "/my/link/:id",
    state: step,
    as: CUSTODIAN,
    open: (stage) => linkAt(stage, step),
  })),
  { page: "/my", state: "linked", as: CUSTODIAN, open: () => "/my" },
  { page: "/my/conversations/:key/reply", state: "asked", as: CUSTODIAN, open: replyTo },
  {
    page: "/my/conversations/:key/reply",
    state: "nothing-written",
    as: CUSTODIAN,
    open: replyTo,
    act: (page) => answered(page, " "),
  },
  {
    page: "/my/conversations/:key/sent/:message",
    state: "sent",
    as: CUSTODIAN,
    open: replyTo,
    async act(page) {
      await answered(page, "The first boat leaves at six.");
      await page.getByRole("heading", { name: "Your message was sent" }).waitFor();
    },
  },
  { page: "/my/captured", state: "latest", as: CUSTODIAN, open: () => "/my/captured" },
  { page: "/my/captured", state: "the-week", as: CUSTODIAN, open: () => "/my/captured?to=2026-03-31" },
  {
    page: "/my/devices",
    state: "one",
    as: CUSTODIAN,
    async open(stage) {
      await linkAt(stage, "linked");
      const own = z.object({ accounts: z.array(made) });
      const { accounts } = await stage.api(CUSTODIAN).call("get", "/api/v1/self/accounts", { response: own });
      const administrator = stage.api("administrator");
      const body = { label: `Asset ${Date.now()}`, ownership: "corporate", reason: "Issued" };
      const { id } = await administrator.call("post", "/api/v1/devices", { body, response: made });
      await administrator.call("post", "/api/v1/devices/:id/use", {
        params: { id },
        body: { account: accounts.at(-1)?.id, from: new Date().toISOString(), reason: "Issued" },
      });
      return "/my/devices";
    },
  },
];
