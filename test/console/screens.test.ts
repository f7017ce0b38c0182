import { PAGES } from "@daybook/console";
import { consoleOver, type TestConsole } from "@daybook/console/testing";
import type { Role } from "@daybook/runtime";
import { type Browser, chromium, type Page } from "playwright-core";
import { describeWithChromium } from "../fakes/whatsapp-web/index.ts";
import { SCREENS } from "./screens/index.ts";
import { lookAt, WIDE } from "./screens/look.ts";
import { rareRoutes, rareScreens } from "./screens/rare.ts";
import type { Screen, Stage } from "./screens/screen.ts";
import { SampleStage } from "./stage.ts";

it("looks at every page that there is", () => {
  const shown = PAGES.filter(({ method, file }) => method === "get" && !file).map(({ path }) => path);

  expect(shown.filter((path) => !SCREENS.some(({ page }) => page === path))).toEqual([]);
  expect(
    SCREENS.filter(({ page }) => page !== "problem" && !shown.includes(page)).map(({ page }) => page),
  ).toEqual([]);
});

describeWithChromium("screens", (path) => {
  const stage = new SampleStage();
  // A page of its own for each screen would start three processes.
  const pages = new Map<string, Page>();
  let browser: Browser;

  beforeAll(async () => {
    await stage.start();
    browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  async function pageOf(as: Role): Promise<Page> {
    const known = pages.get(as);
    if (known) return known;
    const page = await pageFor(browser, stage.url, stage.token(as));
    pages.set(as, page);
    return page;
  }

  it.each(named(SCREENS))("%s", async (_, screen) => {
    if (screen.as !== "nobody") return look(await pageOf(screen.as), screen, stage);
    // Who is nobody keeps nothing from one screen for the next.
    const page = await pageFor(browser, stage.url, undefined);
    await look(page, screen, stage);
    await page.context().close();
  });
});

describeWithChromium("screens that the sample does not come to", (path) => {
  let browser: Browser;
  let served: TestConsole;

  beforeAll(async () => {
    served = await consoleOver({ routes: rareRoutes, agentsAt: "https://daybook.example" });
    browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  it.each(named(rareScreens))("%s", async (_, screen) => {
    const roles = screen.as === "nobody" ? undefined : [screen.as];
    const token = served.browser(roles).cookies.get("daybook-session");
    const page = await pageFor(browser, served.origin, token);
    await look(page, screen, { url: served.origin });
    await page.context().close();
  });
});

function named(screens: readonly Screen[]): [string, Screen][] {
  return screens.map((screen) => [`${screen.page} (${screen.state}, ${screen.as})`, screen]);
}

/** A page of a browser of somebody's. @param token of who is signed in; nobody without */
async function pageFor(browser: Browser, url: string, token: string | undefined): Promise<Page> {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce" });
  if (token !== undefined)
    await context.addCookies([
      { name: "daybook-session", value: token, url, httpOnly: true, sameSite: "Lax" },
    ]);
  return context.newPage();
}

/** Opens a screen and looks at it. @param stage with what the screen asks of it */
async function look(page: Page, screen: Screen, stage: Pick<Stage, "url"> & Partial<Stage>): Promise<void> {
  const complaints: string[] = [];
  page.removeAllListeners();
  page.on("console", (message) => {
    // What a browser says of a refused page itself is no complaint.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.setViewportSize(WIDE);
  const path = await screen.open(stage as Stage);
  const answer = await page.goto(`${stage.url}${path}`, { waitUntil: "load" });
  expect(answer?.status()).toBe(screen.status ?? 200);
  await screen.act?.(page, stage as Stage);
  await lookAt(page, screen);
  expect(complaints).toEqual([]);
}
