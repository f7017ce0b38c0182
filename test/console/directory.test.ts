import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createConsole } from "@daybook/console";
import { type OidcServer, startOidc } from "@daybook/lab";
import {
  apiClient,
  createLogger,
  listen,
  type Listening,
  Secret,
  type SharedApiClient,
} from "@daybook/runtime";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import {
  createDeployment,
  type Deployment,
  type Running,
} from "../../services/records/test/support/deployment.ts";
import { describeWithChromium, HEADLESS_ARGS } from "../fakes/whatsapp-web/index.ts";
import { lookAt } from "./screens/look.ts";

const MINUTE_MS = 60_000;
/** Of the browser, and one that knows its user. */
const AUTHENTICATOR = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

describeWithChromium("people who sign in with a browser, by a directory", (path) => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let oidc: OidcServer;
  let client: SharedApiClient;
  let site: Listening;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    // The console must know its own address, which it has only once it listens.
    const late: { handle?: RequestListener } = {};
    site = await listen((request, response) => late.handle?.(request, response), { port: 0 });
    origin = `http://localhost:${site.port}`;
    oidc = await startOidc({ redirectUri: `${origin}/sign-in/oidc` });
    const directory = {
      issuer: oidc.issuer,
      clientId: oidc.clientId,
      clientSecret: new Secret(oidc.clientSecret),
      name: "Harbour Office",
      help: "the service desk",
      scopes: ["roles"],
      roles: { officers: "records-officer", admins: "administrator" },
    } as const;
    running = await home.start({ signIn: { origin, directory, limits: { perMinute: 10_000 } } });
    client = apiClient({ url: running.url });
    const secret = randomBytes(32).toString("base64");
    late.handle = createConsole({
      api: client,
      origin,
      secret,
      sample: false,
      log: createLogger("test", "fatal"),
    });
    browser = await chromium.launch({ executablePath: path, args: [...HEADLESS_ARGS] });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    client.close();
    await site.close({ graceMs: 0 });
    await running.stop();
    await home.close();
    await oidc.close();
    await postgres.stop();
  });

  const olu = { sub: "olu", name: "Olu Officer", roles: ["officers"] };
  const ama = { sub: "ama", name: "Ama Admin", roles: ["admins"] };
  const heading = (page: Page, name: string) =>
    page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const hasSession = async (context: BrowserContext) =>
    (await context.cookies(origin)).some(({ name }) => name === "daybook-session");
  const sessionIn = async (context: BrowserContext) =>
    (await context.cookies(origin)).find(({ name }) => name === "daybook-session")?.value;

  /** Somebody's own browser, in which they have signed in from the console's page. */
  async function enter(person: typeof olu): Promise<Page> {
    oidc.put(person);
    oidc.signedInAs = person.sub;
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    await press(page, "Sign in with Harbour Office");
    await page.waitForURL(`${origin}/**`);
    return page;
  }

  /** Where the console would send the browser, which keeps what it was given meanwhile. */
  async function leaving(context: BrowserContext): Promise<string> {
    const answer = await context.request.get(`${origin}/sign-in/directory`, { maxRedirects: 0 });
    expect(answer.status()).toBe(303);
    return answer.headers()["location"]!;
  }

  it("find on the first page that they can", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    await lookAt(page, { page: "/sign-in", state: "directory", as: "nobody" });
    await page.context().close();
  });

  it("come to the front page, as what the directory says, and sign out", async () => {
    const page = await enter(olu);
    await heading(page, "What needs doing today");
    expect(page.url()).toBe(`${origin}/`);
    await page.goto(`${origin}/account`);
    await page.getByText("Records officer").first().waitFor();
    await page.getByRole("cell", { name: "Your organisation’s account" }).waitFor();
    await lookAt(page, { page: "/account", state: "directory", as: "records-officer" });
    await page.goto(`${origin}/people`);
    await heading(page, "You cannot see this page");
    const people = await home.sql("SELECT FROM records.person WHERE identity_key IS NOT NULL");
    expect(people).toHaveLength(1);
    await press(page, "Sign out");
    await page.getByText("You have signed out.").waitFor();
    expect(await hasSession(page.context())).toBe(false);
    await page.context().close();
  });

  it("are told whom to ask where it gives them no role", async () => {
    const page = await enter({ sub: "nell", name: "Nell Nobody", roles: ["payroll"] });
    await page.getByText("Harbour Office gives you no role here: ask the service desk").first().waitFor();
    await heading(page, "Sign in");
    await lookAt(page, { page: "/sign-in", state: "directory-gives-no-role", as: "nobody" });
    expect(await hasSession(page.context())).toBe(false);
    expect(await home.sql("SELECT FROM records.person WHERE identity_key IS NOT NULL")).toHaveLength(1);
    await page.context().close();
  });

  it.each([
    ["state", "did not confirm this"],
    ["nonce", "did not confirm this"],
  ])("are not let in by an answer to another %s", async (name, words) => {
    oidc.put(olu);
    oidc.signedInAs = "olu";
    const context = await browser.newContext();
    const url = new URL(await leaving(context));
    url.searchParams.set(name, "another");
    const page = await context.newPage();
    await page.goto(url.href);
    await page.getByText(words).first().waitFor();
    expect(await hasSession(context)).toBe(false);
    await context.close();
  });

  it("are not let in by what another browser began", async () => {
    oidc.put(olu);
    oidc.signedInAs = "olu";
    const [mine, others] = [await browser.newContext(), await browser.newContext()];
    const url = await leaving(others);
    const page = await mine.newPage();
    await page.goto(url);
    await page.getByText("You did not begin to sign in here").first().waitFor();
    await leaving(mine);
    await page.goto(url);
    await page.getByText("did not confirm this").first().waitFor();
    expect(await hasSession(mine)).toBe(false);
    await mine.close();
    await others.close();
  });

  it("show who they are before they give anybody a way in, and come back to where they were", async () => {
    const page = await enter(ama);
    await page.goto(`${origin}/people`);
    await press(page, "Add a person");
    await heading(page, "Confirm that it is you");
    await lookAt(page, { page: "/confirm", state: "directory", as: "administrator" });
    await press(page, "Confirm with Harbour Office");
    await heading(page, "Add a person");
    await page.getByText("You have confirmed that it is you").waitFor();
    await page.getByLabel("Full name").fill("Rae Reviewer");
    await page.getByLabel("Reviewer").check();
    home.time += 5 * MINUTE_MS;
    await press(page, "Add and make a link");
    // The page was left open for too long.
    await heading(page, "Confirm that it is you");
    expect(await home.sql("SELECT FROM records.invitation")).toHaveLength(0);
    await press(page, "Confirm with Harbour Office");
    await heading(page, "Add a person");
    await page.getByLabel("Full name").fill("Rae Reviewer");
    await page.getByLabel("Reviewer").check();
    await press(page, "Add and make a link");
    await heading(page, "Give them this link");
    await page.context().close();
  });

  it("show who they are with the passkey with which they signed in, before they make another", async () => {
    const body = { name: "Pat Passkey", roles: ["auditor"] };
    const { invitation } = (await running.owner.call("post", "/api/v1/persons", { body })) as {
      invitation: { link: string };
    };
    const context = await browser.newContext();
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
    await page.goto(invitation.link);
    await heading(page, "Welcome, Pat Passkey");
    await press(page, "Make a passkey and sign in");
    await page.getByText("Your passkey is made").waitFor();
    home.time += 4 * MINUTE_MS;
    await page.goto(`${origin}/account`);
    await page.getByLabel("What do you call this passkey?").fill("Phone");
    home.time += 2 * MINUTE_MS;
    // The page was left open for too long: its script is led to where it is asked, and the browser with it.
    await press(page, "Make a passkey");
    await heading(page, "Confirm that it is you");
    await lookAt(page, { page: "/confirm", state: "passkey", as: "auditor" });
    await press(page, "Confirm with your passkey");
    await heading(page, "Your account");
    await page.getByRole("button", { name: "Make a passkey" }).waitFor();
    home.time += 6 * MINUTE_MS;
    await page.goto(`${origin}/account`);
    await lookAt(page, { page: "/account", state: "to-confirm", as: "auditor" });
    expect(await page.getByRole("button", { name: "Make a passkey" }).count()).toBe(0);
    await press(page, "Confirm that it is you");
    await press(page, "Confirm with your passkey");
    await heading(page, "Your account");
    await context.close();
  });

  it("stay signed in, in one session, while the directory says what they may do", async () => {
    const page = await enter(olu);
    const session = await sessionIn(page.context());
    // More than an hour in all, and never so long that nothing was asked.
    for (let hours = 0; hours < 2; hours += 1) {
      home.time += 20 * MINUTE_MS;
      await page.goto(`${origin}/matters`);
      home.time += 20 * MINUTE_MS;
      await page.goto(`${origin}/matters?state=closed`);
      await heading(page, "Matters");
      expect(page.url()).toBe(`${origin}/matters?state=closed`);
    }
    expect(await sessionIn(page.context())).toBe(session);

    // Whoever has signed out there signs in again, and goes on.
    await page.context().clearCookies({ domain: new URL(oidc.issuer).hostname });
    home.time += 20 * MINUTE_MS;
    await page.goto(`${origin}/matters`);
    home.time += 20 * MINUTE_MS;
    await page.goto(`${origin}/matters`);
    await heading(page, "Matters");
    expect(await sessionIn(page.context())).not.toBe(session);

    // Out of the group there, out of the right here: within the hour.
    oidc.put({ ...olu, roles: [] });
    for (const _ of [1, 2]) {
      home.time += 20 * MINUTE_MS;
      await page.goto(`${origin}/matters`);
    }
    await heading(page, "Sign in");
    await page.getByText("ask the service desk").first().waitFor();
    expect(await hasSession(page.context())).toBe(false);
    await page.goto(`${origin}/matters`);
    await heading(page, "Sign in");
    await page.context().close();
  });
});
