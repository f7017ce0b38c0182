import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Role, ROLES } from "@daybook/runtime";
import { Browser, type Shown } from "@daybook/console/testing";
import { z } from "zod";
import { crawl, isPage } from "./crawl.ts";
import { COMPUTED, ELEMENT, HOSTILE, MARK } from "./hostile.ts";
import { SampleStage } from "./stage.ts";

const made = z.object({ id: z.string() });

/** What is wrong with a page whose words are hostile. */
function faults(shown: Shown): string[] {
  const { path, status, html, $ } = shown;
  const found: string[] = [];
  if (status >= 400) found.push(`is a dead end: ${status}`);
  if (!isPage(shown)) return found;
  if ($(ELEMENT).length > 0) found.push("took a text for markup");
  if ($("script").filter((_, one) => !$(one).attr("src")?.startsWith("/assets/")).length > 0)
    found.push("has a script that is not the console's");
  if ($("[style], style, base, object, embed, iframe").length > 0) found.push("has what its policy forbids");
  $("*").each((_, one) => {
    const attributes = "attribs" in one ? one.attribs : {};
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) found.push(`has a handler: ${name}`);
      if (/^(?:href|src|action|formaction)$/.test(name)) {
        if (!/^(?:\/(?!\/)|#|\?)/.test(value)) found.push(`leads elsewhere by ${name}`);
        if (value.includes(MARK)) found.push(`has something of a message in ${name}`);
      }
    }
  });
  if (html.includes(COMPUTED)) found.push("computed a text");
  if ($("title").text().includes(MARK)) found.push("has something of a message in its title");
  return found.map((fault) => `${path}: ${fault}`);
}

describe("the console over hostile names, titles and texts", () => {
  const stage = new SampleStage();

  beforeAll(async () => {
    await stage.start();
    const lines = HOSTILE.flatMap((text, n) => [
      `12/03/2026, 10:${String(10 + n)} - ${HOSTILE[(n + 1) % HOSTILE.length]!.replaceAll(/[:\n]/g, "")}: ${text}`,
      `12/03/2026, 10:${String(10 + n)} - Ann Lee: ${text}`,
    ]);
    const file = join(stage.dir, "WhatsApp Chat with hostile.txt");
    await writeFile(file, lines.join("\n"));
    for (const conversation of HOSTILE)
      await stage.command(["import", file, "--custodian", "Isla Brennan", "--conversation", conversation]);
    const officer = stage.api("records-officer");
    for (const title of HOSTILE) {
      const { id } = await officer.call("post", "/api/v1/matters", {
        body: { title, kind: "foi" },
        response: made,
      });
      await officer.call("post", "/api/v1/matters/:id/notes", { params: { id }, body: { text: title } });
    }
    await officer.call("post", "/api/v1/matters/:id/searches", {
      params: { id: stage.matter },
      body: { q: MARK, filters: {} },
    });
  }, 300_000);
  afterAll(() => stage.close());

  it.each(ROLES)(
    "shows a %s nothing but text, and leads nowhere else",
    async (role: Role) => {
      const browser = new Browser(stage.url);
      browser.cookies.set("daybook-session", stage.token(role));
      const wrong: string[] = [];
      let pages = 0;
      for await (const shown of crawl(browser, ["/"])) {
        pages += 1;
        wrong.push(...faults(shown));
      }

      expect(wrong).toEqual([]);
      expect(pages).toBeGreaterThan(5);
    },
    600_000,
  );

  it("leaves nothing of it in the log", () => {
    expect(readFileSync(join(stage.home, "logs/daybook.log"), "utf8")).not.toContain(MARK);
  });
});
