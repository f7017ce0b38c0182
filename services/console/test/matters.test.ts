import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { instantOf } from "../src/format.ts";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";

const ID = "3b241101-e2bb-4255-8caf-4136c566a962";
const PERSON = "p1";

const plain = {
  id: ID,
  title: "Harbour <b>works</b>",
  kind: "foi",
  openedAt: "2026-11-29T10:00:00.000Z",
  due: "2026-12-15T23:59:59.999Z",
  dueLimit: null,
  closedAt: null,
  reference: null,
  regime: "foia-2000",
  receivedAt: "2026-11-16",
  nation: null,
  variant: null,
  provisional: false,
  waitsFor: null,
  state: "due-soon",
  answeredOn: null,
  outcome: null,
  assignedTo: null,
  review: null,
};
const regimes = [
  { id: "foia-2000", kind: "foi", name: "FOIA", unit: "working-days", feeStops: true, source: "s.10" },
  {
    ...{ id: "foisa-2002", kind: "foi", name: "FOISA", unit: "working-days", feeStops: true, source: "s.10" },
    variants: { "keeper-unopened": { length: 30 } },
  },
  { id: "audit", kind: "audit", name: "Audit", unit: "hours", feeStops: false, source: "own" },
];
const reckoned = {
  due: plain.due,
  waitsFor: null,
  provisional: false,
  from: plain.receivedAt,
  promptBy: null,
  noticeBy: null,
  extended: false,
  days: [],
};
const explained = {
  matter: plain,
  regime: regimes[0],
  calendar: null,
  latest: null,
  kept: reckoned,
  newest: null,
  review: {
    rule: { askWithin: 40, answerIn: 20, statutory: false },
    ask: null,
    late: false,
    kept: null,
    newest: null,
  },
};
const disposal = {
  id: ID,
  state: "proposed",
  digest: "a".repeat(64),
  reason: "over",
  authority: "schedule 4",
  proposedBy: PERSON,
  proposedAt: "2026-11-29T10:00:00.000Z",
  ids: ["b".repeat(32), "c".repeat(32)],
  names: {},
};

/** What the API was sent, in order. */
const sent: { path: string; body: unknown }[] = [];
/** Paths at which the API is down. */
const down = new Set<string>();

const asked = z.record(z.string(), z.unknown());

function got(path: string, action: Route["action"], answer: () => unknown): Route {
  return {
    ...route({
      method: "get",
      path,
      action: "self.read",
      summary: path,
      response: z.unknown(),
      handle: () => {
        if (down.has(path)) return Promise.reject(new ProblemError(503, "unavailable", "not now"));
        return Promise.resolve(answer());
      },
    }),
    action,
    ...(path.includes(":id") ? { params: z.object({ id: z.string() }) } : {}),
    query: z.object({
      state: z.string().optional(),
      order: z.string().optional(),
      mine: z.string().optional(),
      limit: z.string().optional(),
      cursor: z.string().optional(),
    }),
  };
}

function posted(path: string, action: Route["action"], ...fields: string[]): Route {
  return {
    ...route({
      method: "post",
      path,
      action: "self.read",
      summary: path,
      body: z.object(Object.fromEntries(fields.map((name) => [name, z.unknown().optional()]))),
      response: z.unknown(),
      handle: ({ body }) => {
        sent.push({ path, body });
        if (asked.parse(body)["reason"] === "twice")
          return Promise.reject(new ProblemError(409, "conflict", "that matter is extended already"));
        return Promise.resolve(plain);
      },
    }),
    action,
    ...(path.includes(":id") ? { params: z.object({ id: z.string() }) } : {}),
  };
}

const routes = [
  got("/api/v1/regimes", "matter.list", () => ({ regimes })),
  got("/api/v1/matters", "matter.list", () => ({ matters: [plain], next: null })),
  got("/api/v1/matters/:id", "matter.read", () => plain),
  got("/api/v1/matters/:id/clock", "matter.read", () => explained),
  got("/api/v1/holds", "hold.read", () => ({ holds: [], next: null })),
  got("/api/v1/disposals", "disposal.read", () => ({ disposals: [{ ...disposal, count: 2 }], next: null })),
  got("/api/v1/disposals/:id", "disposal.read", () => disposal),
  posted("/api/v1/matters", "matter.open", "title", "kind", "reference", "regime", "receivedAt", "variant"),
  posted("/api/v1/matters/:id/ask-review", "matter.change", "on", "note"),
  posted("/api/v1/matters/:id/answer-review", "matter.change", "on", "outcome", "note"),
  posted("/api/v1/matters/:id/extend", "matter.change", "on", "reason"),
  posted("/api/v1/calendars/import", "calendar.manage", "file", "source"),
];

let console_: TestConsole;
beforeAll(async () => {
  console_ = await consoleOver({ routes });
});
afterAll(() => console_.close());
beforeEach(() => {
  sent.length = 0;
  down.clear();
});

const details = { kind: "foi", regime: "foia-2000", title: "Harbour works" };

describe("opening a matter", () => {
  it("asks for the law only where there is a choice of it", async () => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/matters/new");
    expect((await browser.post("/matters/new", { kind: "foi" })).path).toBe("/matters/new/regime?kind=foi");
    await browser.get("/matters/new");
    expect((await browser.post("/matters/new", { kind: "audit" })).path).toBe(
      "/matters/new/details?kind=audit&regime=audit",
    );
  });

  it("sends the API a day as it was typed", async () => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/matters/new/details?kind=foi&regime=foia-2000");
    await browser.post("/matters/new/details", {
      ...details,
      "received-day": "2",
      "received-month": "3",
      "received-year": "2026",
      reference: "FOI/1",
    });
    expect(sent).toEqual([
      {
        path: "/api/v1/matters",
        body: {
          title: "Harbour works",
          kind: "foi",
          reference: "FOI/1",
          regime: "foia-2000",
          receivedAt: "2026-03-02",
        },
      },
    ]);
  });

  it("says whose records it is about only where the law asks, and sends that", async () => {
    const browser = console_.browser(["records-officer"]);
    const plainly = await browser.get("/matters/new/details?kind=foi&regime=foia-2000");
    expect(plainly.$('input[name="variant"]')).toHaveLength(0);
    await browser.get("/matters/new/details?kind=foi&regime=foisa-2002");
    const received = { "received-day": "2", "received-month": "3", "received-year": "2026" };
    const form = { ...details, regime: "foisa-2002", ...received };
    await browser.post("/matters/new/details", { ...form, variant: "keeper-unopened" });
    await browser.get("/matters/new/details?kind=foi&regime=foisa-2002");
    await browser.post("/matters/new/details", { ...form, variant: "another" });
    expect(sent.map(({ body }) => asked.parse(body)["variant"])).toEqual(["keeper-unopened", undefined]);
  });

  it("sends an audit's receipt as the instant that it was in London", async () => {
    const browser = console_.browser(["auditor"]);
    await browser.get("/matters/new/details?kind=audit&regime=audit");
    await browser.post("/matters/new/details", {
      kind: "audit",
      regime: "audit",
      title: "Audit",
      "received-day": "5",
      "received-month": "06",
      "received-year": "2026",
      time: "9.05",
    });
    expect(sent[0]?.body).toMatchObject({ receivedAt: "2026-06-05T08:05:00.000Z" });
  });

  it.each([
    ["no day", {}, "Enter when the authority received it"],
    [
      "a day that there is not",
      { "received-day": "30", "received-month": "2", "received-year": "2026" },
      "Enter a real date",
    ],
    [
      "words for a day",
      { "received-day": "two", "received-month": "3", "received-year": "2026" },
      "Enter a real date",
    ],
    [
      "a year of two digits",
      { "received-day": "2", "received-month": "3", "received-year": "26" },
      "Enter a real date",
    ],
  ])("with %s shows the form again, and keeps what was typed", async (_what, fields, message) => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/matters/new/details?kind=foi&regime=foia-2000");
    const shown = await browser.post("/matters/new/details", { ...details, ...fields });
    expect(shown.status).toBe(400);
    expect(shown.$(".govuk-error-summary a").attr("href")).toBe("#received-day");
    expect(shown.$(".govuk-error-summary").text()).toContain(message);
    expect(shown.$("#title").attr("value")).toBe("Harbour works");
    expect(sent).toEqual([]);
  });
});

describe("what is done to a matter", () => {
  it("says what the API has against it, with the form", async () => {
    const browser = console_.browser(["records-officer"]);
    await browser.get(`/matters/${ID}/extend`);
    const day = { "on-day": "20", "on-month": "11", "on-year": "2026" };
    const shown = await browser.post(`/matters/${ID}/extend`, { ...day, reason: "twice" });
    expect(shown.status).toBe(409);
    expect(shown.$(".govuk-error-summary").text()).toContain("extended already");
    expect(shown.$("#reason").text()).toBe("twice");
  });

  it("puts a review on record, and how it ended", async () => {
    const browser = console_.browser(["records-officer"]);
    const day = { "on-day": "20", "on-month": "11", "on-year": "2026" };
    await browser.get(`/matters/${ID}/ask-review`);
    await browser.post(`/matters/${ID}/ask-review`, day);
    await browser.get(`/matters/${ID}/answer-review`);
    const unsaid = await browser.post(`/matters/${ID}/answer-review`, day);
    expect(unsaid.$(".govuk-error-summary").text()).toContain("Select how the review ended");
    await browser.post(`/matters/${ID}/answer-review`, { ...day, outcome: "confirmed" });
    expect(sent.map(({ body }) => body)).toEqual([
      { on: "2026-11-20" },
      { on: "2026-11-20", outcome: "confirmed" },
    ]);
  });

  it("keeps a title from being read as HTML, and from the page's own title", async () => {
    const shown = await console_.browser(["records-officer"]).get(`/matters/${ID}/close`);
    expect(shown.$("main b")).toHaveLength(0);
    expect(shown.$(".govuk-caption-l").text()).toBe(plain.title);
    expect(shown.$("title").text()).not.toContain("Harbour");
  });
});

describe("the front page", () => {
  it("shows the rest where a part fails, and says so", async () => {
    down.add("/api/v1/holds");
    const shown = await console_.browser(["records-officer", "reviewer"]).get("/");
    expect(shown.status).toBe(200);
    expect(shown.$("section:has(#part-approvals)").text()).toContain("cannot be shown now");
    expect(shown.$("section:has(#part-matters)").text()).toContain("Due soon");
  });

  it("has for each role what it may see alone", async () => {
    const parts = async (...roles: Parameters<TestConsole["browser"]>[0] & object) => {
      const shown = await console_.browser(roles).get("/");
      return shown
        .$("section h2")
        .map((_, one) => shown.$(one).attr("id"))
        .get();
    };
    expect(await parts("custodian")).toEqual(["part-links"]);
    expect(await parts("records-officer")).toEqual(["part-matters"]);
    expect(await parts("reviewer")).toEqual(["part-approvals"]);
    expect(await parts("auditor")).toEqual(["part-matters", "part-audits", "part-reading"]);
    expect(await parts("administrator")).toEqual(["part-health"]);
  });
});

describe("approvals", () => {
  it("offer no button to whoever proposed it", async () => {
    const own = await console_.browser(["reviewer"], { id: PERSON }).get(`/approvals/disposals/${ID}`);
    expect(own.$("main").text()).toContain("Another person has to approve it");
    expect(own.$('input[name="digest"]')).toHaveLength(0);
    const other = await console_.browser(["reviewer"], { id: "p2" }).get(`/approvals/disposals/${ID}`);
    expect(other.$('input[name="digest"]').attr("value")).toBe(disposal.digest);
  });

  it("give the list that is approved, line by line, as a file", async () => {
    const answer = await console_.browser(["reviewer"]).raw("GET", `/approvals/disposals/${ID}/list`);
    expect(await answer.text()).toBe(disposal.ids.map((id) => `${id}\n`).join(""));
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="disposal-${ID}.txt"`);
  });
});

describe("a file of bank holidays", () => {
  const upload = async (content: string) => {
    const browser = console_.browser(["records-officer"]);
    const token = (await browser.get("/calendars/proclaim")).$('input[name="_csrf"]').attr("value")!;
    const form = new FormData();
    form.set("_csrf", token);
    form.set("source", "www.gov.uk");
    form.set("file", new Blob([content]), "bank-holidays.json");
    return browser.raw("POST", "/calendars/import", { body: form, headers: { origin: console_.origin } });
  };

  it("goes to the API as it is", async () => {
    expect((await upload('{"scotland": {}}')).headers.get("location")).toBe("/calendars");
    expect(sent).toEqual([
      { path: "/api/v1/calendars/import", body: { file: { scotland: {} }, source: "www.gov.uk" } },
    ]);
  });
});

it.each([
  ["2026-01-05", "9:05", "2026-01-05T09:05:00.000Z"],
  ["2026-06-05", "23:59:59.999", "2026-06-05T22:59:59.999Z"],
  ["2026-03-29", "0:30", "2026-03-29T00:30:00.000Z"],
  ["2026-03-29", "12:00", "2026-03-29T11:00:00.000Z"],
])("%s at %s in London is %s", (day, time, instant) => {
  expect(instantOf(day, time)).toBe(instant);
});
