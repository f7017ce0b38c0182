import type { Role } from "@daybook/runtime";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const list = z.object({ conversations: z.array(z.object({ key: z.string(), titles: z.array(z.string()) })) });
const thread = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      text: z.string().nullable(),
      edits: z.array(z.unknown()),
      deletions: z.array(z.unknown()),
      receipts: z.array(z.unknown()),
      attachments: z.array(z.object({ inline: z.string().nullable() })),
    }),
  ),
});
type Entry = z.infer<typeof thread>["entries"][number];

/** Every conversation of the sample, with what its page shows. */
async function threads(stage: Stage): Promise<{ key: string; entries: Entry[] }[]> {
  const api = stage.api(OFFICER);
  const query = { matter: stage.matter };
  const { conversations } = await api.call("get", "/api/v1/conversations", { query, response: list });
  return Promise.all(
    conversations.map(async ({ key }) => ({
      key,
      ...(await api.call("get", "/api/v1/conversations/:key/thread", {
        params: { key },
        query,
        response: thread,
      })),
    })),
  );
}

async function holding(
  stage: Stage,
  wanted: (entry: Entry) => boolean,
): Promise<{ key: string; id: string }> {
  for (const { key, entries } of await threads(stage)) {
    const found = entries.find(wanted);
    if (found) return { key, id: found.id };
  }
  throw new Error("the sample has no such record");
}

/** A message of the conversation, rather than an interval of the account. */
const written = ({ text }: Entry) => text !== null;

const reading = (state: string, wanted: (entry: Entry) => boolean, as: Role = OFFICER): Screen => ({
  page: "/matters/:id/conversations/:key",
  state,
  as,
  open: async (stage) => {
    const { key, id } = await holding(stage, wanted);
    return `/matters/${stage.matter}/conversations/${key}?around=${id}`;
  },
  act: (page) => page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true"),
});

const ofRecord = (what: "proof" | "about", state: string, as: Role = OFFICER): Screen => ({
  page: `/matters/:id/records/:record/${what}`,
  state,
  as,
  open: async (stage) => {
    const { id } = await holding(stage, ({ receipts }) => receipts.length > 0);
    return `/matters/${stage.matter}/records/${id}/${what}`;
  },
});

async function own(stage: Stage): Promise<{ key: string; id: string }> {
  const api = stage.api("custodian");
  const { conversations } = await api.call("get", "/api/v1/self/conversations", { response: list });
  const key = conversations[0]?.key ?? "";
  const path = "/api/v1/self/conversations/:key/thread";
  const { entries } = await api.call("get", path, { params: { key }, response: thread });
  return { key, id: entries[0]?.id ?? "" };
}

const ofOwn = (page: string, path: (of: { key: string; id: string }) => string): Screen => ({
  page,
  state: "own",
  as: "custodian",
  open: async (stage) => path(await own(stage)),
});

export const readerScreens: readonly Screen[] = [
  {
    page: "/matters/:id/conversations",
    state: "sample",
    as: OFFICER,
    open: (stage) => `/matters/${stage.matter}/conversations`,
  },
  reading("edited", ({ edits }) => edits.length > 0),
  reading("deleted", ({ deletions }) => deletions.length > 0, "auditor"),
  {
    ...reading("picture-and-sound", ({ attachments }) =>
      attachments.some(({ inline }) => inline === "image"),
    ),
    act: async (page) => {
      const picture = page.locator("img.daybook-picture").first();
      await picture.scrollIntoViewIfNeeded();
      const loads = "document.querySelector('img.daybook-picture').decode()";
      await page.evaluate(loads);
      // The browser reads the sound, and finds how long it is.
      await page.evaluate(`new Promise((resolve, reject) => {
        const sound = document.querySelector("audio");
        sound.onloadedmetadata = resolve;
        sound.onerror = reject;
        sound.preload = "metadata";
        sound.load();
      })`);
    },
  },
  {
    ...reading("no-such-date", written),
    act: async (page) => {
      await page.locator("details:not([open]) > summary").first().click();
      await page.getByRole("textbox", { name: "Day" }).fill("40");
      await page.getByRole("button", { name: "Go to this date" }).click();
      await page.waitForLoadState("load");
    },
  },
  {
    ...reading("nothing-chosen", written),
    act: async (page) => {
      await page.getByRole("button", { name: "Add the chosen to the selection" }).click();
      await page.waitForLoadState("load");
    },
  },
  {
    ...reading("selected", written),
    act: async (page) => {
      await page.locator(".govuk-checkboxes__input").first().check();
      await page.getByRole("button", { name: "Add the chosen to the selection" }).click();
      await page.waitForLoadState("load");
    },
  },
  {
    ...reading("given-up", written),
    act: async (page) => {
      await page.locator(".govuk-checkboxes__input").first().check();
      await page.getByRole("button", { name: "Add the chosen to the selection" }).click();
      await page.waitForLoadState("load");
      await page.locator('button[name="out"]').first().click();
      await page.waitForLoadState("load");
    },
  },
  {
    page: "/matters/:id/records/:record/proof",
    state: "from-a-search",
    as: OFFICER,
    open: async (stage) => {
      const { key, id } = await holding(stage, written);
      const { id: search } = await stage.api(OFFICER).call("post", "/api/v1/matters/:id/searches", {
        params: { id: stage.matter },
        body: { q: "", filters: {} },
        response: z.object({ id: z.string() }),
      });
      return `/matters/${stage.matter}/records/${id}/proof?in=${key}&at=${id}&around=${id}&search=${search}`;
    },
  },
  ofRecord("proof", "message"),
  ofRecord("about", "receipts", "reviewer"),
  {
    page: "/matters/:id/records/:record",
    state: "message",
    as: "auditor",
    open: async (stage) => `/matters/${stage.matter}/records/${(await holding(stage, written)).id}`,
  },
  { page: "/my/conversations", state: "own", as: "custodian", open: () => "/my/conversations" },
  ofOwn("/my/conversations/:key", ({ key }) => `/my/conversations/${key}`),
  ofOwn("/my/records/:record", ({ id }) => `/my/records/${id}`),
  ofOwn("/my/records/:record/proof", ({ id }) => `/my/records/${id}/proof`),
  ofOwn("/my/records/:record/about", ({ id }) => `/my/records/${id}/about`),
  { page: "/audit", state: "latest", as: "auditor", open: () => "/audit" },
  {
    page: "/audit",
    state: "narrowed",
    as: "auditor",
    open: () => "/audit?action=search&from-day=1&from-month=1&from-year=2026",
  },
  { page: "/audit", state: "of-a-group", as: "auditor", open: () => "/audit?action=matter.*" },
  { page: "/audit", state: "no-such-date", as: "auditor", open: () => "/audit?from-day=40", status: 400 },
  {
    page: "/matters/:id/audit",
    state: "sample",
    as: "reviewer",
    open: (stage) => `/matters/${stage.matter}/audit`,
  },
];
