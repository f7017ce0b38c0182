import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { z } from "zod";
import { describeWithChromium } from "../fakes/whatsapp-web/index.ts";
import { SampleStage } from "./stage.ts";

const OFFICER = "records-officer";
const conversations = z.object({ conversations: z.array(z.object({ key: z.string() })) });
/** Most presses of the tab key to what is looked for: a page has fewer places. */
const MAX_TABS = 400;
/** What WCAG 1.4.10 asks for, which is 1,280 at 400 %; with the text of 1.4.4 on it. */
const NARROW = { width: 320, height: 640 };

/** What has the focus, and whether somebody sees that it has. */
const FOCUS = `(() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const label = one.labels?.[0] ? getComputedStyle(one.labels[0], "::before") : undefined;
  return {
    text: (one.labels?.[0]?.textContent ?? one.textContent ?? one.value ?? "").trim().replace(/\\s+/g, " "),
    tag: one.tagName.toLowerCase(),
    shown: one.checkVisibility(),
    marked: style.outlineStyle !== "none" || style.boxShadow !== "none" || (label !== undefined && label.boxShadow !== "none"),
  };
})()`;

interface Focus {
  readonly text: string;
  readonly tag: string;
  readonly shown: boolean;
  readonly marked: boolean;
}

describeWithChromium("a console without a mouse, and on paper", (path) => {
  const stage = new SampleStage();
  let browser: Browser;
  let officer: BrowserContext;
  let thread = "";

  beforeAll(async () => {
    await stage.start();
    browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
    officer = await contextOf(true);
    const query = { matter: stage.matter };
    const found = await stage
      .api(OFFICER)
      .call("get", "/api/v1/conversations", { query, response: conversations });
    thread = `/matters/${stage.matter}/conversations/${found.conversations[0]?.key ?? ""}`;
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  async function contextOf(javaScriptEnabled: boolean): Promise<BrowserContext> {
    const context = await browser.newContext({ javaScriptEnabled, reducedMotion: "reduce" });
    const cookie = { name: "daybook-session", value: stage.token(OFFICER), url: stage.url };
    await context.addCookies([{ ...cookie, httpOnly: true, sameSite: "Lax" }]);
    return context;
  }

  async function opened(at: string, context = officer): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${stage.url}${at}`, { waitUntil: "load" });
    return page;
  }

  /** Goes on by the tab key, until what has the focus is called that. @returns what had it on the way */
  async function tabTo(page: Page, name: string | RegExp): Promise<Focus[]> {
    const passed: Focus[] = [];
    for (let i = 0; i < MAX_TABS; i++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate<Focus>(FOCUS);
      if (focus.tag === "body") continue;
      passed.push(focus);
      if (typeof name === "string" ? focus.text === name : name.test(focus.text)) {
        expect(passed.filter(({ shown, marked }) => !shown || !marked)).toEqual([]);
        return passed;
      }
    }
    throw new Error(
      `the tab key never came to ${String(name)}: ${passed.map(({ text }) => text).join(", ")}`,
    );
  }

  /** Presses what has the focus, which leads to another page. */
  async function press(page: Page): Promise<void> {
    const left = page.waitForEvent("framenavigated");
    await page.keyboard.press("Enter");
    await left;
    await page.waitForLoadState("load");
  }

  it.each([true, false])("skips to what a page is about (script: %s)", async (script) => {
    const context = await contextOf(script);
    const page = await opened(`/matters/${stage.matter}/search`, context);
    await page.keyboard.press("Tab");
    const link = page.locator(":focus");
    expect(await link.textContent()).toContain("Skip to main content");
    expect((await link.boundingBox())?.height).toBeGreaterThan(10);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    // The next stop is in the page, and not in its menu.
    expect(await page.locator("main :focus").count()).toBe(1);
    await context.close();
  });

  it.each([true, false])("puts the focus where it says what is wrong (script: %s)", async (script) => {
    const context = await contextOf(script);
    const page = await opened(`/matters/${stage.matter}/search`, context);
    await page.getByLabel("What are you looking for?").fill('"ferry');
    await page.keyboard.press("Enter");
    await page.locator(".govuk-error-summary:focus, .govuk-error-summary :focus").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("#q:focus").waitFor();
    await context.close();
  });

  it("is worked by the keyboard alone, from sign-in to an evidence package", async () => {
    const person = await browser.newContext({ reducedMotion: "reduce" });
    const page = await person.newPage();
    const go = async (name: string | RegExp) => {
      await tabTo(page, name);
      await press(page);
    };
    await page.goto(stage.entry, { waitUntil: "load" });
    await go("Sign in as Priya Nair");
    await go("Matters");
    await go("Ferry timetable correspondence");
    await go("Searches");
    await go("Search in this matter");
    await tabTo(page, "What are you looking for?");
    await page.keyboard.type("the OR a");
    await press(page);
    await go(/ in (?!this matter)/);
    await tabTo(page, /^Choose|^Select /);
    await page.keyboard.press("Space");
    await go("Add the chosen to the selection");
    expect(await page.locator(".govuk-notification-banner--success").count()).toBe(1);
    await page.goto(`${stage.url}/matters/${stage.matter}/selection`, { waitUntil: "load" });
    await go("Export the selection");
    await go("Continue");
    expect(await page.locator(".govuk-error-summary:focus").count()).toBe(1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("[name=of]:focus").waitFor();
    await page.keyboard.press("Space");
    await go("Continue");
    await go("Build the package");
    await page.getByRole("button", { name: /^Download the package/ }).waitFor({ timeout: 120_000 });
    const begun = page.waitForEvent("download");
    await tabTo(page, /^Download the package/);
    await page.keyboard.press("Enter");
    await (await begun).delete();
    await person.close();
  }, 240_000);

  it("holds on a screen 320 wide with text four times as large", async () => {
    const page = await officer.newPage();
    await page.setViewportSize(NARROW);
    for (const at of [
      `/matters/${stage.matter}`,
      `/matters/${stage.matter}/search`,
      thread,
      `/matters/${stage.matter}/selection`,
      `/matters/${stage.matter}/exports/new`,
    ]) {
      await page.goto(`${stage.url}${at}`, { waitUntil: "load" });
      await page.evaluate(`document.documentElement.style.fontSize = "400%"`);
      expect([at, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([at, NARROW.width]);
    }
    await page.close();
  });

  it("prints a thread: its messages and what is folded away, whose matter it is, and who printed it", async () => {
    const page = await opened(thread);
    await page.emulateMedia({ media: "print" });
    const messages = page.locator(".daybook-entry");
    expect(await messages.count()).toBeGreaterThan(0);
    for (const one of await messages.all()) expect(await one.isVisible()).toBe(true);
    const folded = await page.evaluate<boolean[]>(
      `[...document.querySelectorAll(".daybook-about:not([open]) .govuk-details__text")].map((one) => one.checkVisibility())`,
    );
    expect(folded.length).toBeGreaterThan(0);
    expect(new Set(folded)).toEqual(new Set([true]));
    const head = await page.locator(".daybook-paper").innerText();
    expect(head).toContain("Ferry timetable correspondence");
    expect(head).toMatch(/printed by records-officer of the stage, as it stood on \d+ \w+ 20\d\d, /);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
    await page.close();
  });
});
