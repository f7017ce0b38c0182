import type { Role } from "@daybook/runtime";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const OFFICER = "records-officer";
const made = z.object({ id: z.string() });
const persons = z.object({ persons: z.array(z.object({ id: z.string() })) });

type Act = NonNullable<Screen["act"]>;

const press =
  (name: string): Act =>
  async (page) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForLoadState("load");
  };

const unfold: Act = (page) => page.locator(".govuk-details__summary").click();

const detailsOf = (kind: string, regime: string) => `/matters/new/details?kind=${kind}&regime=${regime}`;

/** A day so long ago that nothing is still to come of it. */
const RECEIVED = "2026-03-02";

async function opened(stage: Stage, of: object = {}, as: Role = OFFICER): Promise<string> {
  const body = {
    title: "Harbour works",
    kind: "foi",
    regime: "foia-2000",
    receivedAt: RECEIVED,
    reference: "FOI/26/17",
    ...of,
  };
  return (await stage.api(as).call("post", "/api/v1/matters", { body, response: made })).id;
}

const act = (stage: Stage, id: string, what: string, body: object) =>
  stage.api(OFFICER).call("post", `/api/v1/matters/:id/${what}`, { params: { id }, body });

/** A matter to which everything has happened. */
async function lived(stage: Stage): Promise<string> {
  const id = await opened(stage, { regime: "eir-2004" });
  const known = await stage.api(OFFICER).call("get", "/api/v1/assignees", { response: persons });
  await act(stage, id, "assign", { person: known.persons[0]?.id ?? null });
  await act(stage, id, "notes", { text: "Asked the harbour master.\nShe answers on Monday." });
  await act(stage, id, "clarify", { what: "asked", on: "2026-03-09", note: "Which harbour?" });
  await act(stage, id, "clarify", { what: "answered", on: "2026-03-16" });
  await act(stage, id, "fee", { what: "asked", on: "2026-03-18" });
  await act(stage, id, "fee", { what: "paid", on: "2026-03-20" });
  await act(stage, id, "extend", { on: "2026-03-23", reason: "Complex and voluminous" });
  return id;
}

async function waiting(stage: Stage): Promise<string> {
  const id = await opened(stage);
  await act(stage, id, "clarify", { what: "asked", on: "2026-03-09" });
  return id;
}

async function ended(stage: Stage): Promise<string> {
  const id = await lived(stage);
  await act(stage, id, "answer", { on: "2026-04-30", outcome: "partly-disclosed" });
  await stage.api(OFFICER).call("post", "/api/v1/matters/:id/close", { params: { id } });
  return id;
}

/** A matter that was answered, and of which a review is asked for. */
async function reviewed(stage: Stage, of: object = {}): Promise<string> {
  const id = await opened(stage, { title: "Review of the ferry contract", ...of });
  await act(stage, id, "answer", { on: "2026-03-27", outcome: "not-held" });
  await act(stage, id, "ask-review", { on: "2026-04-13", note: "By email: they want the minutes too." });
  return id;
}

const KEEPER = { regime: "foisa-2002", variant: "keeper-unopened", title: "Papers of the harbour trust" };

const formScreens: readonly Screen[] = ["assign", "clarify", "fee", "extend", "answer", "close"].map(
  (what) => ({
    page: `/matters/:id/${what}`,
    state: "asked",
    as: OFFICER,
    open: async (stage) => `/matters/${await opened(stage)}/${what}`,
  }),
);

export const matterScreens: readonly Screen[] = [
  { page: "/matters", state: "open", as: OFFICER, open: () => "/matters" },
  { page: "/matters", state: "none-mine", as: "reviewer", open: () => "/matters?show=mine" },
  {
    page: "/matters",
    state: "closed",
    as: "reviewer",
    open: async (stage) => {
      await ended(stage);
      return "/matters?show=closed";
    },
  },
  { page: "/matters/new", state: "asked", as: OFFICER, open: () => "/matters/new" },
  {
    page: "/matters/new",
    state: "nothing-chosen",
    as: OFFICER,
    open: () => "/matters/new",
    act: press("Continue"),
  },
  { page: "/matters/new/regime", state: "asked", as: OFFICER, open: () => "/matters/new/regime?kind=foi" },
  ...[
    ["foi", "foia-2000"],
    ["foi", "foisa-2002"],
    ["sar", "uk-gdpr-access"],
    ["inquiry", "inquiry"],
    ["audit", "audit"],
  ].map(([kind = "", regime = ""]): Screen => ({
    page: "/matters/new/details",
    state: regime,
    as: OFFICER,
    open: () => detailsOf(kind, regime),
  })),
  {
    page: "/matters/new/details",
    state: "nothing-entered",
    as: "auditor",
    open: () => detailsOf("foi", "foia-2000"),
    act: press("Open the matter"),
  },
  { page: "/matters/:id", state: "no-regime", as: OFFICER, open: (stage) => `/matters/${stage.matter}` },
  {
    page: "/matters/:id",
    state: "lived",
    as: OFFICER,
    open: async (stage) => `/matters/${await lived(stage)}`,
    act: unfold,
  },
  {
    page: "/matters/:id",
    state: "waiting",
    as: OFFICER,
    open: async (stage) => `/matters/${await waiting(stage)}`,
    act: press("Add the note"),
  },
  {
    page: "/matters/:id",
    state: "review-asked",
    as: OFFICER,
    open: async (stage) => `/matters/${await reviewed(stage)}`,
    act: (page) => page.locator(".govuk-details__summary").last().click(),
  },
  {
    page: "/matters/:id",
    state: "review-answered",
    as: "auditor",
    open: async (stage) => {
      const id = await reviewed(stage, KEEPER);
      await act(stage, id, "answer-review", { on: "2026-05-20", outcome: "substituted" });
      return `/matters/${id}`;
    },
  },
  {
    page: "/matters/:id",
    state: "subject-access",
    as: "reviewer",
    open: async (stage) => `/matters/${await opened(stage, { kind: "sar", regime: "uk-gdpr-access" })}`,
    act: unfold,
  },
  {
    page: "/matters/:id",
    state: "closed",
    as: "auditor",
    open: async (stage) => `/matters/${await ended(stage)}`,
  },
  {
    page: "/matters/:id/statement",
    state: "unsearched",
    as: OFFICER,
    open: async (stage) => `/matters/${await opened(stage)}/statement`,
  },
  {
    page: "/matters/:id/statement",
    state: "searched",
    as: "auditor",
    open: async (stage) => {
      const id = await opened(stage);
      for (const body of [
        { q: "ferry", filters: {} },
        { q: '"no such phrase"', filters: { from: "2026-01-01" } },
      ])
        await act(stage, id, "searches", body);
      return `/matters/${id}/statement`;
    },
  },
  ...[
    ["foia-2000", "2026-01-01"],
    ["eirs-2004", undefined],
  ].map(([regime = "", from]): Screen => ({
    page: "/matters/:id/notice",
    state: regime,
    as: OFFICER,
    open: async (stage) => {
      const id = await opened(stage, { regime });
      await act(stage, id, "searches", {
        q: '"no such phrase"',
        filters: from === undefined ? {} : { from },
      });
      return `/matters/${id}/notice`;
    },
  })),
  {
    page: "/matters/:id/notice",
    state: "keeper-unsearched",
    as: "auditor",
    open: async (stage) => `/matters/${await opened(stage, KEEPER)}/notice`,
  },
  {
    page: "/matters/:id/notice",
    state: "no-letter",
    as: OFFICER,
    open: (stage) => `/matters/${stage.matter}/notice`,
  },
  ...formScreens,
  {
    page: "/matters/:id/ask-review",
    state: "asked",
    as: OFFICER,
    open: async (stage) => `/matters/${await opened(stage)}/ask-review`,
  },
  {
    page: "/matters/:id/answer-review",
    state: "nothing-entered",
    as: OFFICER,
    open: async (stage) => `/matters/${await reviewed(stage)}/answer-review`,
    act: press("Save"),
  },
  {
    page: "/matters/:id/close",
    state: "review-open",
    as: OFFICER,
    open: async (stage) => `/matters/${await reviewed(stage)}/close`,
  },
  {
    page: "/matters/:id/clarify",
    state: "answered",
    as: OFFICER,
    open: async (stage) => `/matters/${await waiting(stage)}/clarify`,
  },
  {
    page: "/matters/:id/answer",
    state: "nothing-entered",
    as: OFFICER,
    open: async (stage) => `/matters/${await opened(stage)}/answer`,
    act: press("Save"),
  },
];
