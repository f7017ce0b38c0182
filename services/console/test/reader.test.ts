import { AUDIT_ACTIONS, AUDIT_GROUPS, auditGroupOf } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { createTexts } from "../src/texts.ts";
import { consoleOver, type TestConsole } from "../testing/index.ts";

const MATTER = "8d1bd911-b29b-4091-8b6d-d07ade5411a2";
const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u202e`;
const ID = "0123456789abcdef0123456789abcdef";
const anything = z.record(z.string(), z.unknown());
const query = z.object({
  matter: z.uuid().optional(),
  account: z.string().optional(),
  around: z.string().optional(),
  before: z.string().optional(),
  after: z.string().optional(),
  cursor: z.string().optional(),
  limit: z.string().optional(),
  person: z.string().optional(),
  action: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  search: z.string().optional(),
});

function entry(of: Record<string, unknown> = {}) {
  return {
    id: ID,
    kind: "message",
    at: "2026-03-04T15:04:05.000Z",
    clock: "network",
    sender: { id: HOSTILE, name: HOSTILE, post: HOSTILE },
    text: HOSTILE,
    textIsWhole: true,
    marks: [],
    attachments: [
      { n: 0, name: HOSTILE, mediaType: HOSTILE, sizeBytes: 5, sha256: "0".repeat(64), inline: null },
    ],
    attachmentsTotal: 1,
    selected: false,
    conversationWide: true,
    network: "whatsapp",
    method: "linked-device",
    provenance: "captured",
    connector: { name: HOSTILE, version: "1" },
    account: "-5",
    custodian: { id: "c", name: HOSTILE, post: null },
    receivedAt: null,
    capturedAt: "2026-03-04T15:04:06.000Z",
    direction: "incoming",
    recipients: [{ id: HOSTILE, name: HOSTILE }],
    recipientsTotal: 1,
    forwarded: true,
    viewOnce: true,
    expiry: { afterSeconds: 60, at: "2026-03-04T15:05:05.000Z", passed: true },
    replyTo: { quoted: null },
    about: null,
    edits: [],
    deletions: [],
    reactions: [],
    receipts: [],
    followUpsTotal: 0,
    twins: [],
    relay: { state: "sent", by: HOSTILE, why: null },
    gap: null,
    coverage: null,
    source: null,
    ...of,
  };
}

function said(kind: string, of: Record<string, unknown> = {}) {
  return { ...entry(), kind, attachments: [], attachmentsTotal: 0, ...of };
}

describe("the reader", () => {
  let at: TestConsole;
  let entries: unknown[] = [];
  let asked: Record<string, unknown>[] = [];
  let selected: unknown[] = [];

  const get = (
    path: string,
    action: "record.view" | "search" | "self.content" | "audit.read",
    answer: () => unknown,
  ) =>
    route({
      method: "get",
      path,
      action,
      summary: path,
      params: z.object({ key: z.string().optional(), id: z.string().optional(), n: z.string().optional() }),
      query,
      response: anything,
      handle: ({ query: of }) => {
        asked.push(of);
        return Promise.resolve(answer() as Record<string, unknown>);
      },
    });
  const thread = () => ({
    conversation: {
      key: "-12",
      id: "c",
      kind: "group",
      network: "whatsapp",
      title: HOSTILE,
      titles: [HOSTILE, "b"],
    },
    first: "2026-03-01T00:00:00.000Z",
    last: "2026-03-09T00:00:00.000Z",
    captures: [
      { account: "-5", identifier: HOSTILE, network: "whatsapp", custodian: null },
      { account: "6", identifier: "b", network: "whatsapp", custodian: { id: "c", name: HOSTILE } },
    ],
    entries,
    found: ID,
    older: "older-cursor",
    newer: null,
  });
  const attachment = route({
    method: "get",
    path: "/api/v1/records/:id/attachments/:n",
    action: "record.view",
    summary: "file",
    params: z.object({ id: z.string(), n: z.string() }),
    query: z.object({ matter: z.string(), inline: z.string() }),
    download: true,
    handle: ({ request, response }) => {
      response.status(request.headers.range === undefined ? 200 : 206).set({
        "Content-Type": "image/png",
        "Content-Disposition": "inline; filename*=UTF-8''a.png",
        "Content-Length": "3",
        "X-Other": "kept back",
      });
      response.end("png");
      return Promise.resolve(undefined);
    },
  });
  const select = route({
    method: "post",
    path: "/api/v1/matters/:id/selection",
    action: "selection.change",
    summary: "select",
    params: z.object({ id: z.uuid() }),
    body: z.object({
      ids: z.array(z.string()).optional(),
      conversation: z.string().optional(),
      day: z.string().optional(),
    }),
    response: anything,
    handle: ({ body }) => {
      selected.push(body);
      return Promise.resolve({});
    },
  });
  const remove = route({
    method: "post",
    path: "/api/v1/matters/:id/selection/remove",
    action: "selection.change",
    summary: "remove",
    params: z.object({ id: z.uuid() }),
    body: z.object({ ids: z.array(z.string()) }),
    response: anything,
    handle: ({ body }) => {
      selected.push({ out: body.ids });
      return Promise.resolve({});
    },
  });
  const audits = () => ({
    entries: [
      {
        id: ID,
        index: 3,
        at: "2026-03-04T15:04:05.000Z",
        actor: { id: "p-1", name: HOSTILE, kind: "person" },
        action: "search",
        matter: { id: MATTER, title: HOSTILE },
        subject: HOSTILE,
        detail: { words: HOSTILE },
      },
    ],
    next: "2",
  });

  beforeAll(async () => {
    const routes: Route[] = [
      get("/api/v1/conversations/:key/thread", "record.view", thread),
      get("/api/v1/self/conversations/:key/thread", "self.content", thread),
      get("/api/v1/conversations", "search", () => ({
        conversations: [
          {
            key: "-12",
            id: "c",
            kind: "group",
            network: "whatsapp",
            titles: [HOSTILE],
            records: 1_000,
            recordsIsExact: false,
            first: "2026-03-01T00:00:00.000Z",
            last: "2026-03-09T00:00:00.000Z",
          },
        ],
        next: "n",
      })),
      get("/api/v1/self/conversations", "self.content", () => ({ conversations: [], next: null })),
      get("/api/v1/records/:id/about", "record.view", () => ({ followUps: [said("reaction")], next: null })),
      get("/api/v1/records/:id/proof", "record.view", () => ({
        id: ID,
        shard: "0",
        index: 0,
        vkey: "v",
        leaf: HOSTILE,
        checkpoint: "c",
        proof: "p",
        canonical: JSON.stringify({ text: HOSTILE, raw: "x" }),
        sha256: "0".repeat(64),
        record: {
          kind: "message",
          network: "whatsapp",
          method: "export",
          provenance: "supplied",
          connector: { name: HOSTILE, version: "1" },
          capturedAt: "2026-03-04T15:04:06.000Z",
        },
        raw: Buffer.from(HOSTILE).toString("base64"),
      })),
      get("/api/v1/audit", "audit.read", audits),
      attachment,
      select,
      remove,
    ];
    at = await consoleOver({ routes });
  });
  afterAll(() => at.close());
  beforeEach(() => {
    asked = [];
    selected = [];
    entries = [entry()];
  });

  const base = `/matters/${MATTER}`;
  const officer = () => at.browser(["records-officer"]);

  it.each([
    ["conversation", `${base}/conversations/-12`, "records-officer"],
    ["list", `${base}/conversations`, "records-officer"],
    ["own conversation", "/my/conversations/-12", "custodian"],
    ["about", `${base}/records/${ID}/about`, "auditor"],
    ["proof", `${base}/records/${ID}/proof`, "reviewer"],
    ["audit", "/audit", "auditor"],
  ] as const)("shows what senders wrote in the %s as text alone", async (_, path, role) => {
    entries = [
      entry({
        edits: [said("edit")],
        deletions: [said("delete", { text: null })],
        reactions: [said("reaction")],
        receipts: [said("receipt")],
        replyTo: {
          quoted: {
            id: ID,
            at: "2026-03-04T15:04:05.000Z",
            clock: "network",
            sender: { id: "a", name: HOSTILE },
            text: HOSTILE,
          },
        },
        twins: [{ id: ID, account: "6", method: "export" }],
        followUpsTotal: 9,
      }),
      entry({ conversationWide: false, kind: "gap", gap: { why: HOSTILE, about: HOSTILE } }),
    ];
    const { status, html, $ } = await at.browser([role]).get(path);
    expect(status).toBe(200);
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain("<img src=x");
    expect($("script").length).toBe(1);
    expect($("[onerror]").length).toBe(0);
    expect($("title").text()).not.toContain("alert");
    expect($("h1").length).toBe(1);
  });

  it("says what was deleted, what expired and whose clock a time is of", async () => {
    entries = [
      entry({ deletions: [said("delete", { text: null })] }),
      entry({ at: "2026-03-04T15:04:05", clock: "source", expiry: null, id: "1".repeat(32) }),
      entry({
        kind: "coverage",
        conversationWide: false,
        coverage: { from: "2026-03-04T15:04:05.000Z", to: "2026-03-04T16:04:05.000Z", state: "down" },
        id: "2".repeat(32),
      }),
    ];
    const { $ } = await officer().get(`${base}/conversations/-12`);
    const text = $("main").text().replace(/\s+/g, " ");
    expect(text).toContain("Deleted by a sender, kept here");
    expect(text).toContain("Set to disappear, kept here");
    expect(text).toContain("3:04pm the source’s clock, which names no time zone");
    expect(text).toContain("Daybook was not listening from 4 March 2026, 3:04pm to 4 March 2026, 4:04pm");
    expect($("h2").first().text()).toBe("Accounts that captured this");
  });

  it("marks what the search that led there found", async () => {
    entries = [entry({ text: "👍 the <b>ferry</b>", marks: [[9, 14]] })];
    const search = "5b0e4a52-5d6c-4b0b-9a7e-2f7b8a1c9d10";
    const { $ } = await officer().get(`${base}/conversations/-12?around=${ID}&search=${search}`);
    expect(asked.at(-1)).toMatchObject({ search });
    expect($("mark").text()).toBe("ferry");
    expect($(".daybook-text").first().text()).toBe("👍 the <b>ferry</b>");
    expect($('a[rel="prev"]').first().attr("href")).toContain(`search=${search}`);
  });

  it("goes earlier and later, to a date, and to what was found", async () => {
    const browser = officer();
    const { $ } = await browser.get(`${base}/conversations/-12?around=${ID}`);
    expect(asked.at(-1)).toMatchObject({ matter: MATTER, around: ID });
    expect($(`#r${ID}`).hasClass("daybook-entry--found")).toBe(true);
    expect($('a[rel="prev"]').first().attr("href")).toBe(`${base}/conversations/-12?before=older-cursor`);
    const wrong = await browser.post(`${base}/conversations/-12/date`, {
      "on-day": "31",
      "on-month": "2",
      "on-year": "2026",
    });
    expect(wrong.status).toBe(400);
    expect(wrong.$(".govuk-error-summary").text()).toContain("Enter a real date");
    const there = await browser.post(`${base}/conversations/-12/date`, {
      "on-day": "4",
      "on-month": "3",
      "on-year": "2026",
    });
    expect(there.path).toBe(`${base}/conversations/-12?around=2026-03-04`);
    expect(asked.at(-1)).toMatchObject({ around: "2026-03-04" });
  });

  it("adds chosen records, a day and the conversation to the selection", async () => {
    const browser = officer();
    await browser.get(`${base}/conversations/-12?around=${ID}`);
    const nothing = await browser.post(`${base}/conversations/-12/selection`, { around: ID });
    expect(nothing.status).toBe(400);
    expect(nothing.$(".govuk-error-summary").text()).toContain("Choose the records to add");
    const done = await browser.post(`${base}/conversations/-12/selection`, { around: ID, ids: [ID] });
    expect(done.path).toBe(`${base}/conversations/-12?around=${ID}`);
    expect(done.$(".govuk-notification-banner").text()).toContain("Added to the selection");
    await browser.post(`${base}/conversations/-12/selection`, { day: "2026-03-04" });
    await browser.post(`${base}/conversations/-12/selection`, { all: "yes" });
    expect(selected).toEqual([
      { ids: [ID] },
      { conversation: "-12", day: "2026-03-04" },
      { conversation: "-12" },
    ]);
  });

  it("says what is selected already, and removes it there with what is about it", async () => {
    const [edit, other] = ["1".repeat(32), "2".repeat(32)];
    entries = [
      entry({ selected: true, edits: [said("edit", { id: edit, selected: true })] }),
      entry({ id: other, deletions: [said("delete", { id: "3".repeat(32), selected: true })] }),
      entry({ id: "4".repeat(32) }),
    ];
    const browser = officer();
    const { $ } = await browser.get(`${base}/conversations/-12?before=x`);
    expect($(`#r${ID} .daybook-tags`).text()).toContain("Selected");
    expect($(`#r${other} .daybook-tags`).text()).toContain("A change of it is selected");
    const ids = $('input[name="ids"]').map((_, one) => $(one).val());
    expect(ids.get()).toEqual([other, "4".repeat(32)]);
    const button = $(`#r${ID} button[name="out"]`);
    expect($('button[name="out"]').length).toBe(2);
    const done = await browser.post(button.attr("formaction")!, { out: String(button.val()), before: "x" });
    expect(selected).toEqual([{ out: [ID, edit] }]);
    expect(done.path).toBe(`${base}/conversations/-12?before=x`);
    expect(done.$(".govuk-notification-banner").text()).toContain("Removed from the selection");
    expect((await browser.post(button.attr("formaction")!, { out: "x" })).status).toBe(400);
    const read = await at.browser(["reviewer"]).get(`${base}/conversations/-12`);
    expect(read.$(".govuk-tag--green").length).toBe(2);
    expect(read.$('button[name="out"]').length).toBe(0);
  });

  it.each([
    ["proof", "/proof"],
    ["about", "/about"],
  ])("leads back from the %s to the place in the conversation, and to the search", async (_, page) => {
    entries = [entry({ followUpsTotal: 9 })];
    const search = "5b0e4a52-5d6c-4b0b-9a7e-2f7b8a1c9d10";
    const results = `${base}/searches/${search}?cursor=c2`;
    const browser = officer();
    const here = `${base}/conversations/-12?account=-5&before=older&search=${search}&found=c2`;
    const thread = await browser.get(here);
    expect(thread.$(".govuk-back-link").attr("href")).toBe(results);
    expect(thread.$('a[rel="prev"]').first().attr("href")).toBe(
      here
        .replace("before=older", "before=older-cursor")
        .replace("account=-5&before=older-cursor", "before=older-cursor&account=-5"),
    );
    const opened = await browser.get(thread.$(`#r${ID} a[href*="${page}?"]`).first().attr("href")!);
    expect(opened.status).toBe(200);
    expect(opened.$(".govuk-back-link").attr("href")).toBe(`${here}#r${ID}`);
    expect(opened.$("main a").first().attr("href")).toBe(`${results}#f${ID}`);
  });

  it("leads back to the list where no conversation led to it, by way of the record's own address too", async () => {
    const browser = officer();
    const backOf = async (path: string) => (await browser.get(path)).$(".govuk-back-link").attr("href");
    const search = "5b0e4a52-5d6c-4b0b-9a7e-2f7b8a1c9d10";
    const of = `${base}/records/${ID}`;
    expect(await backOf(`${of}?at=${ID}&search=${search}`)).toBe(`${base}/searches/${search}#f${ID}`);
    expect(await backOf(`${of}?at=${ID}&from=selection`)).toBe(`${base}/selection`);
    expect(await backOf(`${of}/proof`)).toBe(`${base}/conversations`);
    expect(await backOf(`${base}/conversations/-12?around=${ID}&from=selection`)).toBe(`${base}/selection`);
    expect((await browser.get(`${of}/proof?in=//evil.example`)).status).toBe(404);
    expect(
      (await at.browser(["custodian"]).get("/my/conversations/-12")).$(".govuk-back-link").attr("href"),
    ).toBe("/my/conversations");
  });

  it("offers no selection to whoever has none, and asks for their own without a matter", async () => {
    const { $ } = await at.browser(["custodian"]).get("/my/conversations/-12");
    expect($('input[name="ids"]').length).toBe(0);
    expect($('a[href="/my/conversations/-12/reply"]').length).toBe(1);
    expect(asked.at(-1)?.["matter"]).toBeUndefined();
    expect((await at.browser(["custodian"]).get("/my/conversations")).$("main").text()).toContain(
      "Nothing of yours has been captured yet.",
    );
    expect(
      (await at.browser(["reviewer"]).get(`${base}/conversations/-12`)).$('input[name="ids"]').length,
    ).toBe(0);
    expect((await at.browser(["administrator"]).get(`${base}/conversations/-12`)).status).toBe(403);
    expect((await officer().get("/my/conversations")).status).toBe(403);
  });

  it("passes files on in a response that can do nothing, by parts too", async () => {
    const browser = officer();
    const path = `${base}/records/${ID}/attachments/0?inline=yes`;
    const answer = await browser.raw("GET", path);
    expect(await answer.text()).toBe("png");
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "image/png",
      "content-disposition": "inline; filename*=UTF-8''a.png",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    expect(answer.headers.get("x-other")).toBeNull();
    expect((await browser.raw("GET", path, { headers: { range: "bytes=0-1" } })).status).toBe(206);
  });

  it.each([
    `${base}/conversations/x`,
    `${base}/conversations/-12?around=%3Cscript%3E`,
    `${base}/records/${ID}x/proof`,
    `${base}/records/${ID}/attachments/-1`,
    "/matters/x/conversations/-12",
    "/audit?person=%22%3E",
  ])("is nothing at %s", async (path) => {
    const { status, html } = await at.browser(["records-officer", "auditor"]).get(path);
    expect(status).toBe(404);
    expect(html).not.toContain("<script>alert");
    expect(asked).toEqual([]);
  });

  it("offers every action and group of actions that there is, each in words of its own", async () => {
    const { $ } = await at.browser(["auditor"]).get("/audit?action=matter.*");
    expect(asked.at(-1)).toMatchObject({ action: "matter.*" });
    const texts = createTexts();
    const options = $("#action option").toArray();
    expect(options.map((one) => $(one).val())).toEqual(expect.arrayContaining([...AUDIT_ACTIONS]));
    const groups = $("#action optgroup").toArray();
    expect(groups.length).toBe(AUDIT_GROUPS.length);
    expect(
      $("#action option[selected]")
        .map((_, one) => $(one).val())
        .get(),
    ).toEqual(["matter.*"]);
    for (const [n, group] of AUDIT_GROUPS.entries()) {
      expect([group, texts.has(`reader:actionGroup.${group}`)]).toEqual([group, true]);
      const own = $(groups[n])
        .find("option")
        .map((_, one) => String($(one).val()))
        .get();
      expect(own.filter((value) => auditGroupOf(value) !== group)).toEqual([]);
      expect(own.includes(`${group}.*`)).toBe(own.length > 1);
    }
    const words = AUDIT_ACTIONS.filter((action) => !texts.has(`reader:action.${action.replace(".", "-")}`));
    expect(words).toEqual([]);
  });

  it("narrows the audit, keeps that on further pages, and refuses what is no date", async () => {
    const browser = at.browser(["auditor"]);
    const { $ } = await browser.get("/audit?action=search&from-day=4&from-month=3&from-year=2026&person=p-1");
    expect(asked.at(-1)).toMatchObject({ action: "search", from: "2026-03-04", person: "p-1" });
    expect($('a[rel="next"]').attr("href")).toContain("cursor=2");
    expect($('a[rel="next"]').attr("href")).toContain("action=search");
    const wrong = await browser.get("/audit?from-day=40");
    expect(wrong.status).toBe(400);
    expect(wrong.$(".govuk-error-summary").text()).toContain("Enter a real date");
  });
});
