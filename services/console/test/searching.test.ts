import { PAGES } from "../src/pages.ts";
import { pieces } from "../src/searching/shown.ts";
import type { Browser, Shown } from "../testing/browser.ts";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";
import { type MadeFinding, searchingApi, type SearchingApi } from "../testing/searching-api.ts";

const MATTER = "/matters/3b241101-e2bb-4255-8caf-4136c566a962";
const id = (n: number) => n.toString(16).padStart(32, "0");
const conversation = { key: "-17", title: "Harbour works", kind: "group" };
const FINDINGS: MadeFinding[] = Array.from({ length: 5 }, (_, n) => ({
  id: id(n),
  text: `🚢 the ferry number ${n}`,
  sender: { id: "447700900123", name: "Grace Sender" },
  conversation: n === 4 ? { ...conversation, key: "18" } : conversation,
  ...(n === 1 ? { at: "2026-07-01T09:30:00", localTime: true } : {}),
}));

let api: SearchingApi;
let console_: TestConsole;
let browser: Browser;
beforeEach(async () => {
  api = searchingApi(FINDINGS, [[6, 11]]);
  console_ = await consoleOver({ routes: api.routes, pages: PAGES });
  browser = console_.browser(["records-officer"]);
});
afterEach(() => console_.close());

async function search(fields: Record<string, string | string[]> = { q: "ferry" }): Promise<Shown> {
  await browser.get(`${MATTER}/search`);
  return browser.post(`${MATTER}/searches`, fields);
}
const main = ({ $ }: Shown) => $("main").text().replaceAll(/\s+/g, " ");

describe("searching", () => {
  it("asks for words and filters, and leads to what was found at an address that says none of them", async () => {
    const shown = await search({
      q: "ferry contract",
      custodian: "Isla Brennan",
      post: "",
      network: ["whatsapp", "sms"],
      kind: "message",
      "from-day": "1",
      "from-month": "3",
      "from-year": "2026",
      attachments: "image",
    });

    expect(api.asked).toEqual([
      {
        q: "ferry contract",
        filters: {
          custodian: "Isla Brennan",
          network: ["whatsapp", "sms"],
          kind: ["message"],
          from: "2026-03-01",
          attachments: "image",
        },
      },
    ]);
    expect(shown.path).toMatch(new RegExp(`^${MATTER}/searches/[0-9a-f-]{36}$`));
    expect(shown.$("title").text()).toBe("Search results – Daybook");
  });

  it("shows records in context, with what was found marked, and says when the number is a floor", async () => {
    const shown = await search();

    expect(main(shown)).toContain("At least 5 records found");
    expect(
      shown
        .$("mark")
        .map((_, one) => shown.$(one).text())
        .get(),
    ).toEqual(["ferry", "ferry"]);
    expect(main(shown)).toContain("Grace Sender in Harbour works");
    expect(main(shown)).toContain("4 March 2026, 3:04pm");
    expect(main(shown)).toContain("1 July 2026, 9:30am by a clock whose time zone is not known");
    expect(shown.$("main h3 a").first().attr("href")).toBe(
      `${MATTER}/conversations/-17?around=${id(0)}&search=${shown.path.split("/").at(-1)!}#r${id(0)}`,
    );
  });

  it("counts by network and kind, as floors where the number is one, and is narrowed by each count", async () => {
    await console_.close();
    api = searchingApi([
      ...FINDINGS,
      { id: id(6), network: "signal", text: "the ferry" },
      { id: id(7), network: "signal", kind: "edit", text: "the ferry" },
    ]);
    console_ = await consoleOver({ routes: api.routes, pages: PAGES });
    browser = console_.browser(["reviewer"]);
    const shown = await search({ q: "ferry", network: ["whatsapp", "signal"], "from-year": "" });

    expect(main(shown)).toContain("These figures count the latest 7 records found. There are more");
    expect(main(shown)).toContain("Show only WhatsApp (at least 5)");
    expect(main(shown)).toContain("Show only Edit (at least 1)");
    const values = shown.$('button[name="only"]').map((_, one) => shown.$(one).val());
    expect(values.get()).toEqual(["network:whatsapp", "network:signal", "kind:message", "kind:edit"]);
    const narrowed = await browser.post(`${shown.path}/only`, { only: "network:signal" });
    expect(narrowed.path).toMatch(/\/searches\/[0-9a-f-]{36}$/);
    expect(
      narrowed
        .$('button[name="only"]')
        .map((_, one) => narrowed.$(one).val())
        .get(),
    ).toEqual(["kind:message", "kind:edit"]);
    await browser.post(`${narrowed.path}/only`, { only: "kind:edit" });
    expect(api.asked.slice(-2).map(({ filters }) => filters)).toEqual([
      { network: ["signal"] },
      { network: ["signal"], kind: ["edit"] },
    ]);
    expect((await browser.post(`${narrowed.path}/only`, { only: "sender:x" })).status).toBe(400);
  });

  it("says exact counts as they are, and offers none that would leave nothing out", async () => {
    await console_.close();
    api = searchingApi(FINDINGS.slice(0, 3));
    console_ = await consoleOver({ routes: api.routes, pages: PAGES });
    browser = console_.browser(["reviewer"]);
    const shown = await search();

    expect(main(shown)).toContain("By network WhatsApp (3) By what happened Message (3)");
    expect(shown.$('button[name="only"]').length).toBe(0);
    const next = await browser.get(shown.$('.govuk-pagination a[rel="next"]').attr("href")!);
    expect(main(next)).not.toContain("By network");
  });

  it("goes through pages, forwards and back", async () => {
    const first = await search();
    const follow = (shown: Shown, rel: string) =>
      browser.get(shown.$(`.govuk-pagination a[rel="${rel}"]`).attr("href")!);
    const second = await follow(first, "next");
    const third = await follow(second, "next");

    expect(main(third)).toContain("number 4");
    expect(third.$('.govuk-pagination a[rel="next"]').length).toBe(0);
    expect((await follow(third, "prev")).path).toBe(second.path);
    expect((await follow(await follow(third, "prev"), "prev")).path).toBe(first.path);
  });

  it("can be changed, and each filter taken away, without typing it again", async () => {
    const shown = await search({
      q: "ferry",
      custodian: "Isla Brennan",
      network: "sms",
      "to-day": "2",
      "to-month": "3",
      "to-year": "2026",
    });
    const again = await browser.get(shown.$('main a[href*="again="]').first().attr("href")!);

    expect(again.$("#q").val()).toBe("ferry");
    expect(again.$("#custodian").val()).toBe("Isla Brennan");
    expect(again.$('input[name="network"]:checked').val()).toBe("sms");
    expect([again.$("#to-day").val(), again.$("#to-month").val(), again.$("#to-year").val()]).toEqual([
      "2",
      "3",
      "2026",
    ]);
    expect(again.$("details[open] #custodian").length).toBe(1);

    await browser.get(shown.path);
    const without = await browser.post(`${shown.path}/without`, { without: "custodian" });
    expect(api.asked.at(-1)).toEqual({ q: "ferry", filters: { network: ["sms"], to: "2026-03-02" } });
    expect(without.path).not.toBe(shown.path);
  });

  it.each([
    [{ q: '"open' }, "A quotation mark is not closed", 400],
    [{ q: "x", "from-day": "31", "from-month": "2", "from-year": "2026" }, "Enter a real date", 400],
    [{ q: "x".repeat(1_001) }, "Search must be 1,000 characters or fewer", 400],
  ])("says what is wrong and keeps what was typed: %#", async (fields, text, status) => {
    const shown = await search(fields);

    expect(shown.status).toBe(status);
    expect(shown.$(".govuk-error-summary").text()).toContain(text);
    // It leads to a field that there is.
    const href = shown.$(".govuk-error-summary a").attr("href") ?? "";
    expect([href, shown.$(`${href} input, input${href}`).length > 0]).toEqual([href, true]);
    expect(shown.$("#q").val()).toBe(fields.q);
  });

  it("keeps a log of the searches that were made", async () => {
    expect(main(await browser.get(`${MATTER}/searches`))).toContain("Nobody has searched");
    await search({ q: "ferry", network: "sms" });
    const shown = await browser.get(`${MATTER}/searches`);

    expect(main(shown)).toContain("Ailsa Craig");
    expect(main(shown)).toContain("Network: SMS");
    expect(main(shown)).toContain("at least 5");
  });
});

describe("the selection", () => {
  it("takes what was chosen, a conversation, a day of one, or the whole result, and stays on the page", async () => {
    const { path } = await search();
    const post = (fields: Record<string, string | string[]>) => browser.post(`${path}/selection`, fields);
    const shown = await post({ add: "chosen", record: [id(0), id(1)], cursor: "2", back: "-" });
    expect([...api.selection]).toEqual([id(0), id(1)]);
    expect(shown.path).toBe(`${path}?cursor=2&back=-`);
    expect(shown.$(".govuk-notification-banner").text()).toContain(
      "The chosen records are in the selection.",
    );
    expect(main(shown)).toContain("2 records are selected in this matter");

    await post({ add: "conversation:18" });
    expect(api.selection.has(id(4))).toBe(true);
    await post({ add: "day:-17:2026-03-04" });
    await post({ add: "all" });
    expect(api.selection.size).toBe(5);
  });

  it("asks for a choice when there was none", async () => {
    const { path } = await search();
    const shown = await browser.post(`${path}/selection`, { add: "chosen" });

    expect(shown.status).toBe(400);
    expect(shown.$('.govuk-error-summary a[href="#record"]').text()).toBe("Choose at least one record");
    expect(shown.$("#record").length).toBe(1);
  });

  it("says of each result whether it has it, and gives it up there", async () => {
    api.selection.add(id(0));
    const { path, $ } = await search();

    expect(
      $('[name="record"]')
        .map((_, one) => $(one).val())
        .get(),
    ).toEqual([id(1)]);
    expect($("#record").val()).toBe(id(1));
    const button = $('button[name="out"]');
    const given = await browser.post(button.attr("formaction")!, { out: String(button.val()) });
    expect(api.selection.size).toBe(0);
    expect(given.path).toBe(path);
    expect(given.$(".govuk-notification-banner").text()).toContain("The record is not in the selection");
    for (const one of FINDINGS) api.selection.add(one.id);
    expect((await browser.get(path)).$('[name="add"][value="chosen"]').length).toBe(0);
  });

  it("is not offered to who may not change it", async () => {
    browser = console_.browser(["reviewer"]);
    const { path, $ } = await search();

    expect($('[name="add"], [name="record"]').length).toBe(0);
    expect((await browser.post(`${path}/selection`, { add: "all" })).status).toBe(403);
    expect(api.selection.size).toBe(0);
  });

  it("is listed, and given up one by one or all at once, after a question", async () => {
    expect(main(await browser.get(`${MATTER}/selection`))).toContain("No record is selected.");
    for (const { id: one } of FINDINGS) api.selection.add(one);
    const shown = await browser.get(`${MATTER}/selection`);
    expect(main(shown)).toContain("5 records are selected to be exported.");
    expect((await browser.post(`${MATTER}/selection/remove`, {})).status).toBe(400);
    await browser.post(`${MATTER}/selection/remove`, { record: id(0) });
    expect(api.selection.size).toBe(4);

    expect(main(await browser.get(`${MATTER}/selection/clear`))).toContain(
      "4 records will not be selected any more.",
    );
    const cleared = await browser.post(`${MATTER}/selection/clear`);
    expect(cleared.$(".govuk-notification-banner").text()).toContain("The selection is empty.");
    expect(api.selection.size).toBe(0);
  });
});

const HOSTILE = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  "javascript:alert(1)",
  "{{ 7*7 }}{% include 'x' %}",
  "$t(common:service) {{count}}",
  "</title></textarea></style><svg onload=alert(1)>",
  "<!--",
  "\u202egnp.exe",
  "&lt;b&gt;&amp;",
  "\u0000\u0007\u2028<b>",
];

describe.each(HOSTILE)("content is never anything but text: %j", (evil) => {
  const hostile: MadeFinding = {
    id: id(1),
    text: evil,
    sender: { id: evil, name: evil },
    custodian: { id: evil, name: evil },
    conversation: { key: "1", title: evil, kind: "group" },
    attachments: [{ name: evil, mediaType: evil, sizeBytes: 1 }],
  };
  const gap: MadeFinding = { id: id(2), kind: "gap", gap: { why: evil } };

  it("in results, the log, the form and the selection", async () => {
    await console_.close();
    api = searchingApi([hostile, gap], [[0, 3]]);
    console_ = await consoleOver({ routes: api.routes, pages: PAGES });
    browser = console_.browser(["records-officer"]);
    const shown = await search({ q: evil, titled: evil, custodian: evil });
    expect(shown.status).toBe(200);
    await browser.post(`${shown.path}/selection`, { add: "all" });
    const again = `${MATTER}/search?again=${shown.path.split("/").at(-1)!}`;
    for (const path of [shown.path, `${MATTER}/searches`, `${MATTER}/selection`, again]) {
      const { status, $, html, path: at } = await browser.get(path);
      expect([status, at]).toEqual([200, path]);
      expect($("main script, main img, main svg, main iframe, main b, [onerror], [onload]").length).toBe(0);
      expect($("a[href^='javascript']").length).toBe(0);
      expect($("title").text()).not.toContain(evil);
      expect(html).not.toContain("49{%");
      if (path === shown.path) {
        // What is in the page, as text, is what was sent: white space and what HTML cannot hold apart.
        const plain = (text: string) => text.replaceAll(/[\0-\x20\ufffd]+/g, "");
        expect(plain($("main .daybook-text").first().text())).toBe(plain(evil));
        expect(plain($("main h3").first().text())).toContain(plain(evil));
      }
    }
  });
});

describe("a text at its marks", () => {
  it("is cut by code points, and is whole", () => {
    expect(
      pieces("🚢a🚢b", [
        [0, 1],
        [3, 4],
      ]),
    ).toEqual([
      { text: "🚢", marked: true },
      { text: "a🚢", marked: false },
      { text: "b", marked: true },
    ]);
    expect(pieces("", [])).toEqual([]);
  });
});
