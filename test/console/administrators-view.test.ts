import { PAGES } from "@daybook/console";
import { Browser } from "@daybook/console/testing";
import { mayDo } from "@daybook/runtime";
import { z } from "zod";
import { CapturedWords } from "./captured-words.ts";
import { crawl } from "./crawl.ts";
import { SampleStage } from "./stage.ts";

const started = z.object({ id: z.string() });

describe("an administrator", () => {
  const stage = new SampleStage();
  let words: CapturedWords;
  beforeAll(async () => {
    await stage.start();
    const as = stage.api("administrator");
    // Somebody who has left has a page more.
    const body = { name: "Lena Leaver" };
    const params = await as.call("post", "/api/v1/custodians", { body, response: started });
    await as.call("post", "/api/v1/custodians/:id/leave", { params, body: { reason: "Has left" } });
    const device = await as.call("post", "/api/v1/devices", {
      body: { label: "MAC-0042", reason: "Bought" },
      response: started,
    });
    const agent = { kind: "mac-imessage", network: "imessage", identifier: "lena@mac.example" };
    await as.call("post", "/api/v1/agents", {
      body: { ...agent, custodian: "Isla Brennan", device: device.id, reason: "Issued" },
    });
    words = await CapturedWords.read({ auditor: stage.api("auditor"), manager: stage.api("administrator") });
  }, 300_000);
  afterAll(() => stage.close());

  const browserOf = (role: "administrator" | "auditor") => {
    const browser = new Browser(stage.url);
    browser.cookies.set("daybook-session", stage.token(role));
    return browser;
  };
  /** But those that show whoever is signed in nothing, and lead elsewhere. */
  const own = PAGES.filter(
    ({ method, path, action }) =>
      method === "get" &&
      !/^\/(?:sign-in(?!\/link)|confirm|renew)(?:\/|$)/.test(path) &&
      (action === "public" || mayDo({ id: "", name: "", kind: "person", roles: ["administrator"] }, action)),
  ).map(({ path }) => path);
  /** The page of the router that an address is of. */
  const pageOf = (path: string) => {
    const [at = ""] = path.split("?", 1);
    return (
      own.find((one) => one === at) ??
      own.find((one) => new RegExp(`^${one.replaceAll(/:\w+/g, "[^/]+")}$`).test(at))
    );
  };

  it("sees on no page a word, name, title or file of what was captured", async () => {
    const found: string[] = [];
    const seen = new Set<string>();
    const addresses = own.filter((path) => !path.includes(":"));
    let pages = 0;
    for await (const shown of crawl(browserOf("administrator"), addresses)) {
      pages += 1;
      if (shown.status === 200) seen.add(pageOf(shown.path) ?? "");
      found.push(...words.in(shown).map((what) => `${shown.path}: ${what}`));
    }

    expect(found).toEqual([]);
    // It was all looked at, to the end.
    expect(pages).toBeLessThan(400);
    expect(own.filter((path) => !seen.has(path))).toEqual([]);
  }, 600_000);

  it("would be found to, where a page showed any of it", async () => {
    const body = { title: "Looked at", kind: "audit" };
    const auditor = stage.api("auditor");
    const { id } = await auditor.call("post", "/api/v1/matters", { body, response: started });
    const kinds = new Set<string>();
    for await (const shown of crawl(browserOf("auditor"), [`/matters/${id}/conversations`])) {
      const what = words.in(shown);
      for (const one of what) kinds.add(one.split(" ", 1)[0] ?? "");
      if (kinds.size === 4) break;
    }

    expect([...kinds].sort()).toEqual(["file", "name", "text", "title"]);
  }, 600_000);
});
