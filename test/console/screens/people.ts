import type { Page } from "playwright-core";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const added = z.object({ person: z.object({ id: z.string() }) });
const custodians = z.object({ custodians: z.array(z.object({ id: z.string() })) });
let people = 0;

/** Somebody new: with a custodian, who is an official. */
async function person(stage: Stage, more: object = {}): Promise<string> {
  people += 1;
  const api = stage.api("administrator");
  const [first] = (await api.call("get", "/api/v1/custodians", { response: custodians })).custodians;
  const body = { name: `Pat Person ${people}`, roles: ["custodian"], custodians: [first?.id], ...more };
  return (await api.call("post", "/api/v1/persons", { body, response: added })).person.id;
}

async function ended(stage: Stage): Promise<string> {
  const id = await person(stage);
  await stage.api("administrator").call("post", "/api/v1/persons/:id/end", { params: { id } });
  return `/people/${id}`;
}

/** As somebody of the trial, who has a session. */
const signedIn = (then: string) => async (page: Page, stage: Stage) => {
  await page.getByRole("button", { name: /^Sign in as Alasdair/ }).click();
  await page.waitForLoadState("load");
  await page.goto(`${stage.url}${then}`);
};

const press = (name: string) => async (page: Page) => {
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForLoadState("load");
};

export const accountScreens: readonly Screen[] = [
  { page: "/account", state: "by-token", as: "auditor", open: () => "/account" },
  {
    page: "/account",
    state: "signed-in",
    as: "nobody",
    open: (stage) => stage.entry.slice(stage.url.length),
    act: signedIn("/account"),
  },
  { page: "/roles", state: "shown", as: "custodian", open: () => "/roles" },
];

export const peopleScreens: readonly Screen[] = [
  {
    page: "/people",
    state: "several",
    as: "administrator",
    async open(stage) {
      await ended(stage);
      return "/people";
    },
  },
  { page: "/people", state: "read-only", as: "auditor", open: () => "/people" },
  { page: "/people", state: "refused", as: "records-officer", open: () => "/people", status: 403 },
  { page: "/people/add", state: "asked", as: "administrator", open: () => "/people/add" },
  {
    page: "/people/add",
    state: "nothing-entered",
    as: "administrator",
    open: () => "/people/add",
    act: press("Add and make a link"),
  },
  {
    page: "/people/add",
    state: "two-roles",
    as: "administrator",
    open: () => "/people/add",
    async act(page) {
      await page.getByLabel("Full name").fill("Tess Two");
      await page.getByLabel("Administrator").check();
      await page.getByLabel("Auditor").check();
      await press("Add and make a link")(page);
      await page.getByText("An administrator can be neither").first().waitFor();
    },
  },
  {
    page: "/people/add",
    state: "added",
    as: "administrator",
    open: () => "/people/add",
    async act(page) {
      await page.getByLabel("Full name").fill("Ned New");
      await page.getByLabel("Official").check();
      await page.getByLabel("Whose messages are theirs").fill("isla brennan");
      await press("Add and make a link")(page);
      await page.getByRole("heading", { name: "Give them this link" }).waitFor();
    },
  },
  {
    page: "/people/:id",
    state: "invited",
    as: "administrator",
    open: async (stage) => `/people/${await person(stage)}`,
  },
  { page: "/people/:id", state: "ended", as: "administrator", open: ended },
  {
    page: "/people/:id",
    state: "read-only",
    as: "auditor",
    open: async (stage) => `/people/${await person(stage, { roles: ["reviewer"], custodians: [] })}`,
  },
  {
    page: "/people/:id/change",
    state: "asked",
    as: "administrator",
    open: async (stage) => `/people/${await person(stage)}/change`,
  },
  {
    page: "/people/:id/change",
    state: "unknown-custodian",
    as: "administrator",
    open: async (stage) => `/people/${await person(stage)}/change`,
    async act(page) {
      await page.getByLabel("Whose messages are theirs").fill("Nobody At All");
      await press("Save")(page);
    },
  },
  {
    page: "/people/:id/end",
    state: "asked",
    as: "administrator",
    open: async (stage) => `/people/${await person(stage)}/end`,
  },
];
