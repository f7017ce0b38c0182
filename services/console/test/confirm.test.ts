import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";

const ID = "3b241101-e2bb-4255-8caf-4136c566a962";
const SECRET = "S".repeat(43);
const anything: z.ZodType = z.looseObject({});

let asked: { path: string; body: unknown }[] = [];
let state: () => unknown;
let outcome: () => unknown;

function post(path: string, body?: z.ZodObject, params?: z.ZodObject): Route {
  return route({
    method: "post",
    path: `/api/v1/${path}`,
    action: "self.manage",
    summary: path,
    ...(body && { body }),
    ...(params && { params }),
    response: anything,
    handle: (call) => {
      asked.push({ path, body: call.body });
      return Promise.resolve().then(outcome);
    },
  });
}

const routes = [
  route({
    method: "get",
    path: "/api/v1/self/confirmation",
    action: "self.manage",
    summary: "State",
    response: anything,
    handle: () => Promise.resolve().then(state),
  }),
  route({
    method: "get",
    path: "/api/v1/sign-in",
    action: "public",
    summary: "Ways",
    response: anything,
    handle: () =>
      Promise.resolve({ sample: false, passkey: true, oidc: { name: "Harbour Office" }, trial: false }),
  }),
  post("self/confirmation/passkey/finish", z.object({ ceremony: z.string(), response: anything })),
  post("self/confirmation/trial", z.object({ start: z.string() })),
  post("self/confirmation/oidc/begin", z.object({ silent: z.boolean() })),
  post("self/confirmation/oidc/finish", z.object({ ceremony: z.string(), query: z.string() })),
  post("self/sessions/end"),
  post("persons/:id/invitation", undefined, z.object({ id: z.string() })),
];

let console_: TestConsole;
beforeAll(async () => {
  console_ = await consoleOver({ routes });
});
afterAll(() => console_.close());
beforeEach(() => {
  asked = [];
  state = () => ({ how: "passkey", until: null });
  outcome = () => ({ ceremony: SECRET, url: "https://login.example.gov/authorize?x=1" });
});

const problem = (status: number, code: string) => () => {
  throw new ProblemError(status, code, "as the API has it");
};
const kept = (why: string, to = "/cookies") => `${SECRET}.${Buffer.from(to).toString("base64url")}.${why}`;
const cookieOf = (answer: Response, name: string) =>
  answer.headers.getSetCookie().find((line) => line.startsWith(`daybook-${name}=`));
const to = (answer: Response) => [answer.status, answer.headers.get("location")];

describe("a page that gives somebody a way in", () => {
  it("leads to where it is asked who one is, and back", async () => {
    const browser = console_.browser(["administrator"]);
    expect(to(await browser.raw("GET", "/people/add"))).toEqual([303, "/confirm?next=%2Fpeople%2Fadd"]);
    const shown = await browser.get("/confirm?next=%2Fpeople%2Fadd");
    expect(shown.$('form[action="/confirm/passkey"] input[name="next"]').attr("value")).toBe("/people/add");
    const _csrf = shown.$('input[name="_csrf"]').first().attr("value")!;
    const answer = await browser.raw("POST", "/confirm/passkey", {
      body: new URLSearchParams({ ceremony: SECRET, response: "{}", next: "/people/add", _csrf }),
      headers: { origin: console_.origin },
    });
    expect(to(answer)).toEqual([303, "/people/add"]);
    state = () => ({ how: "passkey", until: "2100-01-01T00:00:00.000Z" });
    expect((await browser.raw("GET", "/people/add")).status).toBe(200);
    expect(to(await browser.raw("GET", "/confirm?next=%2Fpeople%2Fadd"))).toEqual([303, "/people/add"]);
  });

  it("asks nothing of a token", async () => {
    state = problem(409, "conflict");
    const browser = console_.browser(["administrator"]);
    expect((await browser.raw("GET", "/people/add")).status).toBe(200);
    expect(to(await browser.raw("GET", "/confirm?next=%2Froles"))).toEqual([303, "/roles"]);
  });

  it("is come back to from a form that the API wants it for", async () => {
    outcome = problem(403, "confirm-first");
    const browser = console_.browser(["administrator"]);
    await browser.get("/roles");
    const _csrf = (await browser.get("/roles")).$('input[name="_csrf"]').first().attr("value")!;
    const answer = await browser.raw("POST", `/people/${ID}/invitation`, {
      body: new URLSearchParams({ _csrf }),
      headers: { origin: console_.origin },
    });
    expect(to(answer)).toEqual([303, `/confirm?next=%2Fpeople%2F${ID}`]);
  });

  it.each(["//example.org", "https://example.org", "/\\example.org"])(
    "never leads to another site: %j",
    async (next) => {
      state = () => ({ how: "passkey", until: "2100-01-01T00:00:00.000Z" });
      const browser = console_.browser(["auditor"]);
      const answer = await browser.raw("GET", `/confirm?next=${encodeURIComponent(next)}`);
      expect(to(answer)).toEqual([303, "/"]);
    },
  );

  it("says what is wrong with an answer", async () => {
    outcome = problem(403, "sign-in-refused");
    const browser = console_.browser(["auditor"]);
    await browser.get("/confirm");
    const shown = await browser.post("/confirm/passkey", {
      ceremony: SECRET,
      response: "{}",
      next: "/roles",
    });
    expect(shown.status).toBe(403);
    expect(shown.$(".govuk-error-summary").text()).toContain("As the API has it");
    const without = await browser.post("/confirm/passkey", { next: "/roles" });
    expect(without.$(".govuk-error-summary").text()).toContain("Passkeys need JavaScript");
  });

  it("takes of a trial's people the address by which they came", async () => {
    state = () => ({ how: "trial", until: null });
    const browser = console_.browser(["administrator"]);
    browser.cookies.set("daybook-start", SECRET);
    const shown = await browser.get("/confirm?next=%2Froles");
    expect(shown.$("main button").text().trim()).toBe("Confirm as Ailsa Craig");
    await browser.post("/confirm/trial", { next: "/cookies" });
    expect(asked.at(-1)).toEqual({ path: "self/confirmation/trial", body: { start: SECRET } });
  });

  it("sends whoever came by the directory there, to be asked", async () => {
    state = () => ({ how: "directory", until: null });
    const browser = console_.browser(["administrator"]);
    const shown = await browser.get("/confirm?next=%2Fcookies");
    expect(shown.$("main .govuk-button").attr("href")).toBe("/confirm/directory?next=%2Fcookies");
    const leaving = await browser.raw("GET", "/confirm/directory?next=%2Fcookies");
    expect(to(leaving)).toEqual([303, "https://login.example.gov/authorize?x=1"]);
    expect(asked.at(-1)).toMatchObject({ body: { silent: false } });
    expect(cookieOf(leaving, "ceremony")).toContain(kept("confirm"));
    expect(to(await browser.raw("GET", "/sign-in/oidc?code=c"))).toEqual([303, "/cookies"]);
    expect(asked.at(-1)).toMatchObject({ body: { ceremony: SECRET, query: "code=c" } });
  });

  it("signs out whom the directory lets in no more", async () => {
    state = problem(401, "unauthenticated");
    outcome = problem(403, "sign-in-refused");
    const browser = console_.browser(["administrator"]);
    browser.cookies.set("daybook-ceremony", kept("confirm"));
    const shown = await browser.get("/sign-in/oidc?code=c");
    expect(shown.$("h1").text()).toBe("Sign in");
    expect(shown.$(".govuk-error-summary").text()).toContain("As the API has it");
    expect(browser.cookies.has("daybook-session")).toBe(false);
    expect(shown.$('form[action="/sign-out"]').length).toBe(0);
  });
});

describe("a session of which the directory has to say again what it may do", () => {
  const due = () => console_.browser(["administrator"], { renew: true });

  it("has it said without a word, and comes back to the page that was wanted", async () => {
    const browser = due();
    expect(to(await browser.raw("GET", "/roles?a=1"))).toEqual([303, "/renew?next=%2Froles%3Fa%3D1"]);
    const leaving = await browser.raw("GET", "/renew?next=%2Froles%3Fa%3D1");
    expect(to(leaving)).toEqual([303, "https://login.example.gov/authorize?x=1"]);
    expect(asked.at(-1)).toMatchObject({ body: { silent: true } });
    // Not again while it is under way: whoever goes back sees the page.
    expect((await browser.raw("GET", "/roles")).status).toBe(200);
    expect(to(await browser.raw("GET", "/sign-in/oidc?code=c"))).toEqual([303, "/roles?a=1"]);
    expect(browser.cookies.has("daybook-ceremony")).toBe(false);
  });

  it("is not sent away from what a script reads, or a form sends", async () => {
    const browser = due();
    const headers = { "sec-fetch-dest": "empty" };
    expect((await browser.raw("GET", "/roles", { headers })).status).toBe(200);
    expect((await browser.post("/sign-out")).path).not.toContain("/renew");
  });

  it("goes on where the directory cannot be asked", async () => {
    outcome = problem(503, "unavailable");
    const browser = due();
    expect(to(await browser.raw("GET", "/renew?next=%2Froles"))).toEqual([303, "/roles"]);
    expect((await browser.raw("GET", "/roles")).status).toBe(200);
    browser.cookies.set("daybook-ceremony", kept("renew", "/roles"));
    expect(to(await browser.raw("GET", "/sign-in/oidc?code=c"))).toEqual([303, "/roles"]);
    expect((await browser.raw("GET", "/roles")).status).toBe(200);
  });

  it("signs in again, and goes on, where the directory knows nobody without asking", async () => {
    outcome = problem(403, "sign-in-refused");
    const browser = due();
    browser.cookies.set("daybook-ceremony", kept("renew", "/roles"));
    const answer = await browser.raw("GET", "/sign-in/oidc?error=login_required&state=s");
    expect(to(answer)).toEqual([303, "/sign-in/directory?next=%2Froles"]);
  });

  it("ends, saying whom to ask, where the directory gives no role any more", async () => {
    outcome = problem(403, "sign-in-refused");
    const browser = due();
    browser.cookies.set("daybook-ceremony", kept("renew", "/roles"));
    const shown = await browser.get("/sign-in/oidc?code=c");
    expect(shown.$(".govuk-error-summary").text()).toContain("As the API has it");
    expect(browser.cookies.has("daybook-session")).toBe(false);
    expect(asked.at(-1)).toMatchObject({ path: "self/sessions/end" });
  });
});
