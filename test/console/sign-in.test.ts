import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "playwright-core";
import { Daybook } from "../e2e/support/daybook.ts";
import { describeWithChromium } from "../fakes/whatsapp-web/index.ts";

/** A browser of somebody's own, with an authenticator in it. */
interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Whether the authenticator knows its user: by a finger, say. */
  readonly verifies: (isVerified: boolean) => Promise<void>;
}

describeWithChromium("people who sign in with a browser", (path) => {
  const daybook = new Daybook();
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    await daybook.up();
    origin = new URL(daybook.facts.signIn).origin;
    browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await daybook.remove();
  });

  async function person(): Promise<Person> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const devtools: CDPSession = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return {
      page,
      context,
      verifies: (isUserVerified) =>
        devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }).then(() => undefined),
    };
  }

  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const heading = (page: Page, name: string | RegExp) =>
    page.getByRole("heading", { level: 1, name }).waitFor();
  const banner = (page: Page, text: string) =>
    page.locator(".govuk-notification-banner--success", { hasText: text }).waitFor();
  const accept = async ({ page }: Person, link: string, name: RegExp) => {
    await page.goto(link);
    await heading(page, name);
    // What is secret of it is neither in the bar nor in the history.
    expect(page.url()).toBe(`${origin}/sign-in/link`);
    await page.getByLabel("What do you call this passkey?").fill("Work laptop");
    await press(page, "Make a passkey and sign in");
    await banner(page, "Your passkey is made");
  };

  let administrator: Person;
  let link = "";

  it("make a passkey by the first link, and are signed in", async () => {
    administrator = await person();
    await accept(administrator, daybook.facts.signIn, /^Welcome, ./);
    const cookies = await administrator.context.cookies();
    const session = cookies.find(({ name }) => name === "daybook-session");
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/", expires: -1 });
    expect(await administrator.page.evaluate("document.cookie")).toBe("");
  });

  it("find that a link that was used leads nowhere", async () => {
    const { page } = await person();
    await page.goto(daybook.facts.signIn);
    await page.getByText("This link was used").first().waitFor();
  });

  it("sign out, and in again with the passkey alone", async () => {
    const { page, context } = administrator;
    await press(page, "Sign out");
    await banner(page, "You have signed out");
    const before = (await context.cookies()).map(({ name }) => name);
    expect(before).not.toContain("daybook-session");
    await page.goto(`${origin}/account`);
    expect(page.url()).toBe(`${origin}/sign-in?next=%2Faccount`);
    await press(page, "Sign in with a passkey");
    await heading(page, "Your account");
    expect(await page.getByRole("row", { name: /Work laptop/ }).textContent()).not.toContain("Not yet");
  });

  it("are not let in by an authenticator that does not know its user", async () => {
    const { page, verifies } = administrator;
    await press(page, "Sign out");
    await verifies(false);
    await press(page, "Sign in with a passkey");
    await page.getByText("No passkey was given").waitFor();
    await verifies(true);
    await press(page, "Sign in with a passkey");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  });

  it("let somebody else in by a link, who makes a passkey of their own", async () => {
    const { page } = administrator;
    await page.goto(`${origin}/people/add`);
    await page.getByLabel("Full name").fill("Priya Officer");
    await page.getByLabel("Records officer").check();
    await press(page, "Add and make a link");
    await heading(page, "Give them this link");
    link = (await page.locator("#invitation").textContent()) ?? "";
    const officer = await person();
    await accept(officer, link, /^Welcome, Priya Officer$/);
    await officer.page.goto(`${origin}/people`);
    await heading(officer.page, "You cannot see this page");
    await officer.page.goto(`${origin}/matters`);
    await heading(officer.page, "Matters");

    await page.goto(`${origin}/people`);
    await page.getByRole("link", { name: "Priya Officer" }).click();
    await page.getByRole("button", { name: "End access" }).click();
    await heading(page, "End the access of Priya Officer?");
    await press(page, "End access");
    await banner(page, "Their access is ended");
    await officer.page.goto(`${origin}/matters`);
    expect(officer.page.url()).toContain("/sign-in");
    await press(officer.page, "Sign in with a passkey");
    await officer.page.getByText("There is a problem").waitFor();
  });

  it("sign out everywhere", async () => {
    const { page, context } = administrator;
    const [session] = (await context.cookies()).filter(({ name }) => name === "daybook-session");
    await page.goto(`${origin}/account`);
    await press(page, "Sign out everywhere");
    await banner(page, "You have signed out everywhere");
    await context.addCookies([session!]);
    await page.goto(`${origin}/account`);
    expect(page.url()).toContain("/sign-in");
  });
});
