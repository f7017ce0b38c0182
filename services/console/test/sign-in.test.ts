import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";

const TOKEN = `dbss_${"N".repeat(43)}`;
const SECRET = "S".repeat(43);
const ANSWER = JSON.stringify({ id: "x" });
const signed = z.object({ token: z.string() });
const anything = z.looseObject({});

/** What the API was asked, by route. */
let asked: { path: string; body: unknown }[] = [];
let ways: object;
let outcome: () => unknown;

const text = z.string();
const answered = { ceremony: text, response: z.record(z.string(), z.unknown()) };

function post(path: string, body: z.ZodObject | undefined, response: z.ZodType = anything): Route {
  return route({
    method: "post",
    path: `/api/v1/sign-in/${path}`,
    action: "public",
    summary: path,
    ...(body && { body }),
    response,
    handle: (call) => {
      asked.push({ path, body: call.body });
      return Promise.resolve().then(outcome);
    },
  });
}

const routes = [
  route({
    method: "get",
    path: "/api/v1/sign-in",
    action: "public",
    summary: "Ways",
    response: anything,
    handle: () => Promise.resolve({ sample: true, passkey: true, oidc: null, trial: false, ...ways }),
  }),
  route({
    method: "post",
    path: "/api/v1/self/sessions/end",
    action: "self.manage",
    summary: "Sign out",
    handle: () => Promise.resolve(asked.push({ path: "end", body: undefined })),
  }),
  post("passkey/finish", z.object(answered), signed),
  post("oidc/begin", undefined),
  post("oidc/finish", z.object({ ceremony: text, query: text }), signed),
  post("trial", z.object({ start: text, person: text }), signed),
  post("trial/look", z.object({ start: text })),
  post("invitation/look", z.object({ invitation: text })),
  post("invitation/finish", z.object({ invitation: text, label: text, ...answered }), signed),
];

let console_: TestConsole;
beforeAll(async () => {
  console_ = await consoleOver({ routes, sample: true });
});
afterAll(() => console_.close());
beforeEach(() => {
  asked = [];
  ways = {};
  outcome = () => ({ token: TOKEN });
});

const cookieOf = (answer: Response, name: string) =>
  answer.headers.getSetCookie().find((line) => line.startsWith(`daybook-${name}=`));
const form = (fields: Record<string, string>) => ({
  body: new URLSearchParams(fields),
  headers: { origin: console_.origin },
});

describe("signing in with a passkey", () => {
  const fields = { ceremony: SECRET, response: ANSWER, next: "/cookies" };

  it("gives the browser a new session, which no script sees and no other site sends", async () => {
    const browser = console_.browser();
    browser.cookies.set("daybook-session", `dbss_${"O".repeat(43)}`);
    const page = await browser.get("/sign-in");
    const _csrf = page.$('input[name="_csrf"]').first().attr("value")!;
    const answer = await browser.raw("POST", "/sign-in/passkey", form({ ...fields, _csrf }));

    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe("/cookies");
    const cookie = cookieOf(answer, "session");
    expect(cookie).toContain(TOKEN);
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Lax/);
    expect(cookie).toMatch(/; Path=\//);
    expect(asked).toEqual([{ path: "passkey/finish", body: { ceremony: SECRET, response: { id: "x" } } }]);
  });

  it.each([
    "//example.org",
    "/\\example.org",
    "https://example.org",
    "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=y",
    "\\/example.org",
  ])("never leads to another site: %j", async (next) => {
    const browser = console_.browser();
    const shown = await browser.get(`/sign-in?next=${encodeURIComponent(next)}`);
    expect(shown.$('form[action="/sign-in/passkey"] input[name="next"]').attr("value")).toBe("/");
    const _csrf = shown.$('input[name="_csrf"]').first().attr("value")!;
    const answer = await browser.raw("POST", "/sign-in/passkey", form({ ...fields, next, _csrf }));
    expect(answer.headers.get("location")).toBe("/");
  });

  it("is taken from no other site, and not without the page's token", async () => {
    const browser = console_.browser();
    await browser.get("/sign-in");
    expect((await browser.post("/sign-in/passkey", fields, { origin: "https://example.org" })).status).toBe(
      403,
    );
    await browser.get("/sign-in");
    expect((await browser.post("/sign-in/passkey", { ...fields, _csrf: "" })).status).toBe(403);
    expect(asked).toEqual([]);
  });

  it("says what the API has against it, and begins no session", async () => {
    outcome = () => {
      throw new ProblemError(403, "sign-in-refused", "that passkey was not accepted");
    };
    const browser = console_.browser();
    await browser.get("/sign-in");
    const shown = await browser.post("/sign-in/passkey", fields);

    expect(shown.status).toBe(403);
    expect(shown.$(".govuk-error-summary").text()).toContain("That passkey was not accepted");
    expect(browser.cookies.has("daybook-session")).toBe(false);
  });

  it("says that it needs JavaScript where none ran", async () => {
    const browser = console_.browser();
    await browser.get("/sign-in");
    const shown = await browser.post("/sign-in/passkey", { next: "/" });

    expect(shown.status).toBe(403);
    expect(shown.$(".govuk-error-summary").text()).toContain("Passkeys need JavaScript");
  });
});

describe("signing in with a directory", () => {
  it("leads there, and comes back only to what this browser began", async () => {
    ways = { oidc: { name: "Harbour Office" } };
    outcome = () => ({ ceremony: SECRET, url: "https://login.example.gov/authorize?x=1", token: TOKEN });
    const browser = console_.browser();
    const shown = await browser.get("/sign-in?next=%2Fcookies");
    expect(shown.$("main .govuk-button").first().text().trim()).toBe("Sign in with Harbour Office");
    const leaving = await browser.raw("GET", "/sign-in/directory?next=%2Fcookies");
    expect(leaving.headers.get("location")).toBe("https://login.example.gov/authorize?x=1");
    expect(cookieOf(leaving, "ceremony")).toMatch(/Max-Age=300;.*HttpOnly; SameSite=Lax/);
    const back = await browser.raw("GET", "/sign-in/oidc?code=c&state=s");
    expect(back.headers.get("location")).toBe("/cookies");
    expect(cookieOf(back, "session")).toContain(TOKEN);
    expect(browser.cookies.has("daybook-ceremony")).toBe(false);
    expect(asked.at(-1)).toEqual({
      path: "oidc/finish",
      body: { ceremony: SECRET, query: "code=c&state=s" },
    });

    const stranger = console_.browser();
    const refused = await stranger.get("/sign-in/oidc?code=c&state=s");
    expect(refused.status).toBe(403);
    expect(stranger.cookies.has("daybook-session")).toBe(false);
  });

  it("says whom to ask when it gives no role", async () => {
    const detail = "Harbour Office gives you no role here: ask the service desk";
    outcome = () => {
      throw new ProblemError(403, "sign-in-refused", detail);
    };
    const browser = console_.browser();
    browser.cookies.set("daybook-ceremony", `${SECRET}.${Buffer.from("/").toString("base64url")}`);
    const shown = await browser.get("/sign-in/oidc?code=c");
    expect(shown.$(".govuk-error-summary").text()).toContain(detail);
  });
});

describe("a link", () => {
  it("shows whom it is for, without being in the page's address", async () => {
    const found = { name: "Ida <b>Invited</b>", roles: ["auditor"], expiresAt: "2026-03-13T12:00:00.000Z" };
    outcome = () => found;
    const browser = console_.browser();
    const empty = await browser.get("/sign-in/link");
    // What follows # is sent nowhere, and other sites are told nothing.
    expect(empty.headers.get("referrer-policy")).toBe("same-origin");
    const shown = await browser.post("/sign-in/link", { invitation: SECRET });

    expect(shown.status).toBe(200);
    expect(shown.path).toBe("/sign-in/link");
    expect(shown.$("h1").text()).toBe("Welcome, Ida <b>Invited</b>");
    expect(shown.$("title").text()).not.toContain("Ida");
  });

  it("that is over says so, and whom to ask", async () => {
    outcome = () => {
      throw new ProblemError(404, "no-such-invitation", "used");
    };
    const browser = console_.browser();
    await browser.get("/sign-in/link");
    const shown = await browser.post("/sign-in/link", { invitation: SECRET });
    expect(shown.status).toBe(404);
    expect(shown.$(".govuk-error-summary").text()).toContain("Ask your Daybook administrator for a new one");
  });

  it("asks what the passkey is called", async () => {
    const found = { name: "Ida", roles: ["auditor"], expiresAt: "2026-03-13T12:00:00.000Z" };
    outcome = () => found;
    const browser = console_.browser();
    await browser.get("/sign-in/link");
    await browser.post("/sign-in/link", { invitation: SECRET });
    const shown = await browser.post("/sign-in/link/finish", {
      invitation: SECRET,
      label: " ",
      ceremony: SECRET,
      response: ANSWER,
    });
    expect(shown.status).toBe(400);
    expect(shown.$("#label-error").text()).toContain("Enter what you call this passkey");
  });
});

describe("a trial", () => {
  const people = [
    { id: "3b241101-e2bb-4255-8caf-4136c566a962", name: "Morag Sutherland", roles: ["custodian"] },
    { id: "3b241101-e2bb-4255-8caf-4136c566a963", name: "Priya Nair", roles: ["records-officer"] },
  ];

  it("says to open the printed address, and loudly that nobody exists", async () => {
    ways = { trial: true };
    const shown = await console_.browser().get("/sign-in");
    expect(shown.$(".govuk-warning-text").text()).toContain("This is a trial. Nobody here exists");
    expect(shown.$(".govuk-inset-text").text()).toContain("open the address that npm start printed");
    expect(shown.$('form[action="/sign-in/trial"]').length).toBe(0);
  });

  it("lets whoever came by it be anybody, one press each, and keeps its token out of the address", async () => {
    ways = { trial: true };
    outcome = () => ({ people, token: TOKEN });
    const browser = console_.browser();
    const shown = await browser.get(`/sign-in/trial?start=${SECRET}`);
    expect(shown.path).toBe("/sign-in");
    const buttons = shown
      .$('form[action="/sign-in/trial"] button')
      .map((_, one) => shown.$(one).text().trim());
    expect(buttons.get()).toEqual(["Sign in as Morag Sutherland", "Sign in as Priya Nair"]);
    const _csrf = shown.$('input[name="_csrf"]').first().attr("value")!;
    const answer = await browser.raw(
      "POST",
      "/sign-in/trial",
      form({ person: people[1]!.id, next: "/", _csrf }),
    );
    expect(cookieOf(answer, "session")).toContain(TOKEN);
    expect(asked.at(-1)).toEqual({
      path: "trial",
      body: { start: SECRET, person: people[1]!.id },
    });
  });

  it("that has started again since says to open the new address", async () => {
    ways = { trial: true };
    outcome = () => {
      throw new ProblemError(403, "sign-in-refused", "another");
    };
    const shown = await console_.browser().get(`/sign-in/trial?start=${SECRET}`);
    expect(shown.$(".govuk-inset-text").length).toBe(1);
  });
});

describe("signing out", () => {
  it("ends the session where it is kept, and takes it from the browser", async () => {
    const browser = console_.browser(["auditor"]);
    await browser.get("/cookies");
    const shown = await browser.post("/sign-out");

    expect(shown.path).toBe("/sign-in");
    expect(shown.$(".govuk-notification-banner--success").text()).toContain("You have signed out");
    expect(browser.cookies.has("daybook-session")).toBe(false);
    expect(asked).toEqual([{ path: "end", body: undefined }]);
  });

  it("is done by no other site", async () => {
    const browser = console_.browser(["auditor"]);
    await browser.get("/cookies");
    expect((await browser.post("/sign-out", {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(asked).toEqual([]);
  });
});
