import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Role } from "@daybook/runtime";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const ADMINISTRATOR = "administrator";
export const made = z.object({ id: z.string() });
const custodians = z.object({ custodians: z.array(z.object({ id: z.string(), name: z.string() })) });
const accounts = z.object({ accounts: z.array(z.object({ id: z.string(), network: z.string() })) });

export type Act = NonNullable<Screen["act"]>;

export const press =
  (name: string): Act =>
  async (page) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForLoadState("load");
  };

let count = 0;
/** A name that nothing has yet. */
export const fresh = (what: string) => `${what} ${(count += 1)}`;

export const add = async (stage: Stage, path: string, body: object): Promise<string> =>
  (
    await stage
      .api(OFFICER)
      .call("post", path, { body: { reason: "For its screen", ...body }, response: made })
  ).id;

export const person = async (stage: Stage) =>
  (
    await stage
      .api(OFFICER)
      .call("post", "/api/v1/custodians", { body: { name: fresh("Ailsa Craig") }, response: made })
  ).id;

/** A post that somebody holds. */
async function heldPost(stage: Stage): Promise<{ post: string; custodian: string; holding: string }> {
  const custodian = await person(stage);
  const post = await add(stage, "/api/v1/posts", { title: fresh("Harbour master"), group: "senior" });
  const body = { custodian, from: "2026-01-01", basis: "Letter of 1 December 2025", reason: "Appointed" };
  const { holding } = await stage.api(OFFICER).call("post", "/api/v1/posts/:id/holdings", {
    params: { id: post },
    body,
    response: z.object({ holding: z.string() }),
  });
  return { post, custodian, holding };
}

/** An account of somebody, on a device. */
async function usedAccount(stage: Stage): Promise<{ account: string; device: string; custodian: string }> {
  const { custodian } = await heldPost(stage);
  const account = await add(stage, "/api/v1/accounts", {
    network: "sms",
    method: "carrier",
    identifier: `+4477009008${String((count += 1)).padStart(2, "0")}`,
    custodian,
    from: "2026-01-01",
  });
  const device = await add(stage, "/api/v1/devices", { label: fresh("CORP"), mode: "Fully managed" });
  await stage.api(OFFICER).call("post", "/api/v1/devices/:id/use", {
    params: { id: device },
    body: { account, from: "2026-01-01", reason: "Issued" },
  });
  return { account, device, custodian };
}

/** The sample's own account on a network. */
export async function sampleAccount(stage: Stage, network: string): Promise<string> {
  const found = await stage.api(OFFICER).call("get", "/api/v1/accounts", { response: accounts });
  return found.accounts.find((one) => one.network === network)?.id ?? "";
}

async function sampleCustodian(stage: Stage, name: string): Promise<string> {
  const found = await stage.api(OFFICER).call("get", "/api/v1/custodians", { response: custodians });
  return found.custodians.find((one) => one.name === name)?.id ?? "";
}

export const asked = (page: string, open: Screen["open"], as: Role = OFFICER): Screen => ({
  page,
  state: "asked",
  as,
  open,
});

const importing =
  (file: string, choose?: string): Act =>
  async (page, stage) => {
    const path = join(stage.dir, `${fresh("people")}.csv`);
    await writeFile(path, file);
    await page.locator("#file").setInputFiles(path);
    await page.locator("#reason").fill("Onboarding of a directorate");
    if (choose) await page.getByLabel(choose, { exact: true }).check();
    await press("Continue")(page, stage);
  };

const custodianScreens: readonly Screen[] = [
  { page: "/custodians", state: "list", as: OFFICER, open: () => "/custodians" },
  { page: "/custodians", state: "only-read", as: "auditor", open: () => "/custodians" },
  asked("/custodians/new", () => "/custodians/new"),
  {
    page: "/custodians/new",
    state: "nothing-entered",
    as: OFFICER,
    open: () => "/custodians/new",
    act: press("Add"),
  },
  {
    page: "/custodians/:id",
    state: "of-the-sample",
    as: ADMINISTRATOR,
    open: async (stage) => `/custodians/${await sampleCustodian(stage, "Isla Brennan")}`,
  },
  {
    page: "/custodians/:id",
    state: "bare",
    as: OFFICER,
    open: async (stage) => `/custodians/${await person(stage)}`,
  },
  {
    page: "/custodians/:id",
    state: "left",
    as: OFFICER,
    open: async (stage) => {
      const { custodian } = await usedAccount(stage);
      await stage.api(OFFICER).call("post", "/api/v1/custodians/:id/identifiers", {
        params: { id: custodian },
        body: { kind: "phone", value: fresh("+44 7700 900990"), from: "2026-01-01", reason: "Noted" },
      });
      await stage.api(OFFICER).call("post", "/api/v1/custodians/:id/leave", {
        params: { id: custodian },
        body: { to: "2026-06-01", reason: "Retired" },
      });
      return `/custodians/${custodian}`;
    },
  },
  ...["rename", "leave", "return", "identify", "hold"].map((what) =>
    asked(
      `/custodians/:id/${what}`,
      async (stage) => `/custodians/${(await heldPost(stage)).custodian}/${what}`,
    ),
  ),
  {
    page: "/custodians/:id/hold",
    state: "nothing-entered",
    as: OFFICER,
    open: async (stage) => `/custodians/${await person(stage)}/hold`,
    act: press("Give the post"),
  },
  asked("/custodians/number", () => "/custodians/number"),
  {
    page: "/custodians/number",
    state: "found",
    as: OFFICER,
    open: () => "/custodians/number",
    act: async (page, stage) => {
      await page.locator("#identifier").fill("+447700900101");
      await page.locator("#at").fill("2026-12-01");
      await press("Find")(page, stage);
    },
  },
  {
    page: "/custodians/import",
    state: "asked",
    as: ADMINISTRATOR,
    open: () => "/custodians/import",
    act: (page) => page.locator(".govuk-details__summary").click(),
  },
  {
    page: "/custodians/import",
    state: "checked",
    as: OFFICER,
    open: () => "/custodians/import",
    act: importing("name,post,post_from\nBea New,Clerk of works,2026-01-01\n"),
  },
  {
    page: "/custodians/import",
    state: "taken",
    as: OFFICER,
    open: () => "/custodians/import",
    act: importing(
      "name,network,number,account_from\nBea New,sms,+447700900777,2026-01-01\n",
      "Check it and take it",
    ),
  },
  {
    page: "/custodians/import",
    state: "refused",
    as: OFFICER,
    open: () => "/custodians/import",
    act: importing("name,post,post_from\n,Clerk,2026-01-01\nBea New,Clerk,2026-02-30\n"),
  },
  {
    page: "/custodians/import",
    state: "no-file",
    as: OFFICER,
    open: () => "/custodians/import",
    act: press("Continue"),
  },
];

const postScreens: readonly Screen[] = [
  { page: "/posts", state: "list", as: OFFICER, open: () => "/posts" },
  asked("/posts/new", () => "/posts/new"),
  {
    page: "/posts/:id",
    state: "held",
    as: OFFICER,
    open: async (stage) => `/posts/${(await heldPost(stage)).post}`,
  },
  {
    page: "/posts/:id",
    state: "vacant",
    as: "auditor",
    open: async (stage) =>
      `/posts/${await add(stage, "/api/v1/posts", { title: fresh("Vacant"), group: "staff" })}`,
  },
  ...["change", "fill"].map((what) =>
    asked(`/posts/:id/${what}`, async (stage) => `/posts/${(await heldPost(stage)).post}/${what}`),
  ),
  ...["end", "correct", "void"].map((what) =>
    asked(`/posts/:id/holdings/:holding/${what}`, async (stage) => {
      const { post, holding } = await heldPost(stage);
      return `/posts/${post}/holdings/${holding}/${what}`;
    }),
  ),
];

const accountScreens: readonly Screen[] = [
  { page: "/accounts", state: "list", as: OFFICER, open: () => "/accounts" },
  asked("/accounts/new", () => "/accounts/new"),
  {
    page: "/accounts/:id",
    state: "on-a-device",
    as: OFFICER,
    open: async (stage) => `/accounts/${(await usedAccount(stage)).account}`,
  },
  ...["move", "end", "correct"].map((what) =>
    asked(
      `/accounts/:id/${what}`,
      async (stage) => `/accounts/${(await usedAccount(stage)).account}/${what}`,
    ),
  ),
  {
    page: "/accounts/:id/move",
    state: "nobody-of-that-name",
    as: OFFICER,
    open: async (stage) => `/accounts/${(await usedAccount(stage)).account}/move`,
    act: async (page, stage) => {
      await page.locator("#custodian").fill("Nobody At All");
      for (const [part, value] of [
        ["day", "1"],
        ["month", "2"],
        ["year", "2026"],
      ] as const)
        await page.locator(`#from-${part}`).fill(value);
      await page.locator("#reason").fill("Took over");
      await press("Give it")(page, stage);
    },
  },
];

const deviceScreens: readonly Screen[] = [
  { page: "/devices", state: "list", as: OFFICER, open: () => "/devices" },
  asked("/devices/new", () => "/devices/new"),
  {
    page: "/devices/:id",
    state: "used",
    as: OFFICER,
    open: async (stage) => `/devices/${(await usedAccount(stage)).device}`,
  },
  ...["change", "use", "release"].map((what) =>
    asked(`/devices/:id/${what}`, async (stage) => `/devices/${(await usedAccount(stage)).device}/${what}`),
  ),
];

/** Somebody outside, and a number of theirs. */
async function known(stage: Stage): Promise<{ participant: string; identifier: string }> {
  const participant = await add(stage, "/api/v1/participants", { name: fresh("Fergus Reid") });
  const { id: identifier } = await stage.api(OFFICER).call("post", "/api/v1/participants/:id/identifiers", {
    params: { id: participant },
    body: {
      network: "sms",
      identifier: `+4477009007${String((count += 1)).padStart(2, "0")}`,
      to: "2026-06-01",
      reason: "It is in his letter",
    },
    response: made,
  });
  return { participant, identifier };
}

const participantScreens: readonly Screen[] = [
  {
    page: "/participants",
    state: "list",
    as: OFFICER,
    open: async (stage) => {
      await known(stage);
      return "/participants";
    },
  },
  asked("/participants/new", () => "/participants/new"),
  {
    page: "/participants/:id",
    state: "known",
    as: OFFICER,
    open: async (stage) => `/participants/${(await known(stage)).participant}`,
  },
  {
    page: "/participants/:id",
    state: "bare",
    as: "auditor",
    open: async (stage) =>
      `/participants/${await add(stage, "/api/v1/participants", { name: fresh("Ailsa") })}`,
  },
  asked(
    "/participants/:id/identify",
    async (stage) => `/participants/${(await known(stage)).participant}/identify`,
  ),
  asked("/participants/:id/identifiers/:identifier/release", async (stage) => {
    const { participant, identifier } = await known(stage);
    return `/participants/${participant}/identifiers/${identifier}/release`;
  }),
  asked("/participants/:id/identifiers/:identifier/confirm/:at", async (stage) => {
    const { participant, identifier } = await known(stage);
    return `/participants/${participant}/identifiers/${identifier}/confirm/2026-01-01T00:00:00.000Z`;
  }),
];

export const registryScreens: readonly Screen[] = [
  ...custodianScreens,
  ...postScreens,
  ...participantScreens,
  ...accountScreens,
  ...deviceScreens,
];
