import { Browser } from "@daybook/console/testing";
import { crawl } from "./crawl.ts";
import { SampleStage } from "./stage.ts";

/** A part of an address that names one thing: an id, a digest or a key. */
const ID = /\/(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,64}|-?\d{6,20})(?:\/|\?|$)/;

describe("what is one person's", () => {
  const stage = new SampleStage();
  beforeAll(() => stage.start(), 180_000);
  afterAll(() => stage.close());

  const browserOf = (token: string) => {
    const browser = new Browser(stage.url);
    browser.cookies.set("daybook-session", token);
    return browser;
  };

  it("is shown to no other official, whatever address they try", async () => {
    const own: string[] = [];
    for await (const { path, status } of crawl(browserOf(stage.token("custodian")), ["/my"]))
      if (status === 200 && path.startsWith("/my") && ID.test(path)) own.push(path);
    const other = browserOf(await stage.person("Another official", "custodian", "Morag Sutherland"));
    const leaked: string[] = [];
    for (const path of own) if ((await other.get(path)).status === 200) leaked.push(path);

    expect(own.length).toBeGreaterThan(0);
    expect(leaked).toEqual([]);
  }, 300_000);

  it("is shown to nobody who is signed out", async () => {
    const pages: string[] = [];
    for await (const { path, status } of crawl(browserOf(stage.token("records-officer")), ["/"]))
      if (status === 200) pages.push(path);
    const nobody = new Browser(stage.url);
    const open: string[] = [];
    for (const path of pages) {
      const answer = await nobody.raw("GET", path);
      await answer.arrayBuffer();
      if (answer.status === 200) open.push(path.replace(/^\/assets\/.*/, "/assets"));
    }

    expect(pages.length).toBeGreaterThan(10);
    expect(new Set(open)).toEqual(new Set(["/accessibility", "/cookies", "/assets"]));
  }, 300_000);
});
