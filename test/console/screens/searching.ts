import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const made = z.object({ id: z.string() });
const found = z.object({ results: z.array(z.object({ id: z.string() })), next: z.string().nullable() });

/** A search of the stage's matter. */
async function searched(stage: Stage, q: string, filters: object = {}): Promise<string> {
  const { id } = await stage.api("records-officer").call("post", "/api/v1/matters/:id/searches", {
    params: { id: stage.matter },
    body: { q, filters },
    response: made,
  });
  return id;
}

const resultsOf =
  (q: string, filters: object = {}): Screen["open"] =>
  async (stage) =>
    `/matters/${stage.matter}/searches/${await searched(stage, q, filters)}`;

/** A matter of which nothing has been asked. */
async function untouched(stage: Stage): Promise<string> {
  const body = { title: "Untouched", kind: "inquiry" };
  return (await stage.api("records-officer").call("post", "/api/v1/matters", { body, response: made })).id;
}

const press =
  (name: string): NonNullable<Screen["act"]> =>
  async (page) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForLoadState("load");
  };

const FORM = "/matters/:id/search";
const LOG = "/matters/:id/searches";
const RESULTS = "/matters/:id/searches/:search";
const SELECTION = "/matters/:id/selection";

async function selected(stage: Stage): Promise<string> {
  const officer = stage.api("records-officer");
  const { matter } = stage;
  const search = await searched(stage, "");
  const { results } = await officer.call("get", "/api/v1/matters/:id/searches/:search/results", {
    params: { id: matter, search },
    query: { limit: 5 },
    response: found,
  });
  await officer.call("post", "/api/v1/matters/:id/selection", {
    params: { id: matter },
    body: { ids: results.map(({ id }) => id) },
  });
  return `/matters/${matter}/selection`;
}

export const searchingScreens: readonly Screen[] = [
  { page: FORM, state: "asked", as: "records-officer", open: ({ matter }) => `/matters/${matter}/search` },
  {
    page: FORM,
    state: "again",
    as: "records-officer",
    open: async (stage) => {
      const filters = { network: ["whatsapp"], from: "2026-01-01", attachments: "any", kind: ["message"] };
      return `/matters/${stage.matter}/search?again=${await searched(stage, "ferry", filters)}`;
    },
  },
  {
    page: FORM,
    state: "wrong",
    as: "auditor",
    open: ({ matter }) => `/matters/${matter}/search`,
    act: async (page, stage) => {
      await page.getByLabel("What are you looking for?").fill('"ferry');
      await press("Search")(page, stage);
    },
  },
  { page: RESULTS, state: "found", as: "records-officer", open: resultsOf("the OR a") },
  {
    page: RESULTS,
    state: "filtered",
    as: "reviewer",
    open: resultsOf("", { network: ["whatsapp", "signal"], kind: ["message"], from: "2020-01-01" }),
  },
  {
    page: RESULTS,
    state: "only-one-kind",
    as: "records-officer",
    open: resultsOf(""),
    act: async (page) => {
      await page.locator('button[name="only"][value="kind:message"]').click();
      await page.waitForLoadState("load");
    },
  },
  { page: RESULTS, state: "pictures", as: "records-officer", open: resultsOf("", { attachments: "image" }) },
  { page: RESULTS, state: "sounds", as: "auditor", open: resultsOf("", { attachments: "audio" }) },
  { page: RESULTS, state: "nothing", as: "auditor", open: resultsOf("zzyzx") },
  {
    page: RESULTS,
    state: "nothing-chosen",
    as: "records-officer",
    open: resultsOf("the OR a"),
    act: press("Add chosen records to the selection"),
  },
  {
    page: RESULTS,
    state: "chosen",
    as: "records-officer",
    open: resultsOf("the OR a"),
    act: async (page, stage) => {
      await page.getByRole("checkbox").first().check();
      await press("Add chosen records to the selection")(page, stage);
    },
  },
  {
    page: RESULTS,
    state: "further-on",
    as: "reviewer",
    open: async (stage) => {
      const search = await searched(stage, "");
      const path = "/api/v1/matters/:id/searches/:search/results";
      const params = { id: stage.matter, search };
      const { next } = await stage.api("reviewer").call("get", path, { params, response: found });
      return `/matters/${stage.matter}/searches/${search}?cursor=${next ?? ""}`;
    },
  },
  {
    page: RESULTS,
    state: "given-up",
    as: "records-officer",
    open: async (stage) => {
      await selected(stage);
      return resultsOf("")(stage);
    },
    act: async (page) => {
      await page.locator('button[name="out"]').first().click();
      await page.waitForLoadState("load");
    },
  },
  {
    page: LOG,
    state: "made",
    as: "auditor",
    open: async (stage) => {
      await searched(stage, '"traffic survey"', { network: ["whatsapp"], to: "2026-03-31" });
      await searched(stage, "");
      return `/matters/${stage.matter}/searches`;
    },
  },
  {
    page: LOG,
    state: "none",
    as: "reviewer",
    open: async (stage) => `/matters/${await untouched(stage)}/searches`,
  },
  { page: SELECTION, state: "some", as: "records-officer", open: selected },
  { page: SELECTION, state: "read", as: "reviewer", open: selected },
  {
    page: SELECTION,
    state: "none",
    as: "auditor",
    open: async (stage) => `/matters/${await untouched(stage)}/selection`,
  },
  {
    page: "/matters/:id/selection/clear",
    state: "asked",
    as: "records-officer",
    open: async (stage) => `${await selected(stage)}/clear`,
  },
];
