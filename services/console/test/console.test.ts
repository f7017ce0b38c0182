import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { ProblemError, route } from "@daybook/runtime";
import { z } from "zod";
import { page, redirect, view } from "../src/page.ts";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";

const TOO_LONG = "about:cookies.title";
const pages = [
  page({
    method: "get",
    path: "/",
    action: "self.read",
    handle: () => Promise.resolve(view("about/cookies")),
  }),
  page({
    method: "get",
    path: "/matters/:id",
    action: "matter.read",
    params: z.object({ id: z.uuid() }),
    handle: async ({ api, params }) => {
      await api.call("get", "/api/v1/matters/:id", { params });
      return view("about/cookies");
    },
  }),
  page({
    method: "get",
    path: "/notes",
    action: "matter.change",
    handle: () => Promise.resolve(view("about/cookies", { errors: [] })),
  }),
  page({
    method: "post",
    path: "/notes",
    action: "matter.change",
    form: z.object({ words: z.string().min(1, TOO_LONG), next: z.string().default("/notes") }),
    invalid: ({ form }) => Promise.resolve(view("about/cookies", { errors: form.errors })),
    handle: async ({ form, api }) => {
      await api.call("post", "/api/v1/notes", { body: { words: form.words } });
      return redirect(form.next, "common:success");
    },
  }),
  page({
    method: "get",
    path: "/broken",
    action: "public",
    handle: () => Promise.reject(new Error("secret words")),
  }),
];
const routes = [
  route({
    method: "get",
    path: "/api/v1/matters/:id",
    action: "matter.read",
    summary: "A matter",
    params: z.object({ id: z.string() }),
    handle: () => Promise.reject(new ProblemError(409, "matter-closed", "that matter is closed")),
  }),
  route({
    method: "post",
    path: "/api/v1/notes",
    action: "matter.change",
    summary: "A note",
    body: z.object({ words: z.string() }),
    handle: ({ body }) =>
      body.words === "refuse"
        ? Promise.reject(new ProblemError(409, "conflict", "it was said already"))
        : Promise.resolve(undefined),
  }),
];

let console_: TestConsole;
beforeAll(async () => {
  console_ = await consoleOver({ pages, routes, sample: true });
});
afterAll(() => console_.close());

const MATTER = "/matters/3b241101-e2bb-4255-8caf-4136c566a962";

describe("who may see a page", () => {
  it("sends nobody to sign in, and back to the page they wanted", async () => {
    const answer = await console_.browser().raw("GET", MATTER);

    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe(`/sign-in?next=${encodeURIComponent(MATTER)}`);
  });

  it("takes a session that is over for nobody's, and drops it", async () => {
    const browser = console_.browser();
    browser.cookies.set("daybook-session", `dbss_${randomBytes(32).toString("base64url")}`);

    expect((await browser.raw("GET", "/")).headers.get("location")).toBe("/sign-in");
  });

  it("refuses who has not the right, on record, and says whom to ask", async () => {
    const shown = await console_.browser(["administrator"]).get(MATTER);

    expect(shown.status).toBe(403);
    expect(shown.$("h1").text()).toBe("You cannot see this page");
    expect(console_.refusals).toEqual(["matter.read"]);
  });

  it("shows a menu of what a person may see alone", async () => {
    const shown = await console_.browser(["custodian"]).get("/");

    expect(
      shown
        .$(".govuk-service-navigation a")
        .map((_, one) => shown.$(one).attr("href"))
        .get(),
    ).toEqual(["/", "/account"]);
  });
});

describe("forms", () => {
  it("are taken from a page of the same session, and what was done is said once", async () => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/notes");
    const shown = await browser.post("/notes", { words: "x" });

    expect(shown.path).toBe("/notes");
    expect(shown.$(".govuk-notification-banner--success").text()).toContain("Success");
    expect((await browser.get("/notes")).$(".govuk-notification-banner").length).toBe(0);
  });

  it("are refused without their token, with another session's, and from another site", async () => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/notes");

    expect((await browser.post("/notes", { words: "x", _csrf: "" })).status).toBe(403);
    await browser.get("/notes");
    expect((await browser.post("/notes", { words: "x" }, { "sec-fetch-site": "cross-site" })).status).toBe(
      403,
    );
    await browser.get("/notes");
    expect((await browser.post("/notes", { words: "x" }, { origin: "https://example.org" })).status).toBe(
      403,
    );
    const other = console_.browser(["records-officer"]);
    await other.get("/notes");
    other.cookies.set("daybook-csrf", browser.cookies.get("daybook-csrf")!);
    const stolen = await other.post("/notes", { words: "x" });
    expect(stolen.status).toBe(403);
    expect(stolen.$("h1").text()).toBe("You cannot see this page");
  });

  it.each([
    [{ words: "" }, "Cookies", 400],
    [{ words: "refuse" }, "It was said already", 409],
  ])("are shown again with what is wrong: %#", async (fields, text, status) => {
    const browser = console_.browser(["records-officer"]);
    await browser.get("/notes");
    const shown = await browser.post("/notes", fields);

    expect(shown.status).toBe(status);
    expect(shown.$(".govuk-error-summary li").text().trim()).toBe(text);
    expect(shown.$("title").text()).toMatch(/^Error: /);
  });

  it.each(["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)", "/a\r\nx: y"])(
    "lead to no other place: %s",
    async (next) => {
      const browser = console_.browser(["records-officer"]);
      await browser.get("/notes");
      const token = (await browser.get("/notes")).$('input[name="_csrf"]').attr("value")!;
      const answer = await browser.raw("POST", "/notes", {
        headers: { origin: console_.origin },
        body: new URLSearchParams({ words: "x", next, _csrf: token }),
      });

      expect(answer.headers.get("location")).toBe("/");
    },
  );
});

describe("errors", () => {
  it("have words for people, and keep the reason to the log", async () => {
    const shown = await console_.browser().get("/broken");

    expect(shown.status).toBe(500);
    expect(shown.html).not.toContain("secret words");
  });

  it("of the API are told in the console's words", async () => {
    const shown = await console_.browser(["auditor"]).get(MATTER);

    expect(shown.status).toBe(409);
    expect(shown.$("main").text()).toContain("This matter is closed.");
  });

  it.each(["/nothing", "/matters/1", "/assets/x/console.css", "/%zz", "/assets/../src/console.ts"])(
    "say that there is no such page: %s",
    async (path) => {
      expect((await console_.browser(["auditor"]).get(path)).status).toBe(404);
    },
  );

  it("refuse a name that is not the server's", async () => {
    const { port } = new URL(console_.origin);
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, host: "127.0.0.1", headers: { host: "evil.example" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });

    expect(status).toBe(421);
  });
});

describe("what a browser is told", () => {
  it("is not to run, frame, keep or tell anything of others", async () => {
    const { headers, $ } = await console_.browser().get("/broken");

    expect(headers.get("content-security-policy")).toMatch(
      /default-src 'none';script-src 'self';style-src 'self'/,
    );
    expect(headers.get("content-security-policy")).not.toMatch(/unsafe|data:|\*/);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect($("script:not([src]), [style], [onclick]").length).toBe(0);
  });

  it("keeps cookies from scripts and from other sites", async () => {
    const browser = console_.browser(["records-officer"]);
    const answer = await browser.raw("GET", "/notes");

    for (const cookie of answer.headers.getSetCookie())
      expect(cookie).toMatch(/HttpOnly.*SameSite=Lax|SameSite=Lax.*HttpOnly/i);
  });

  it("says that a trial is one", async () => {
    expect((await console_.browser(["auditor"]).get("/")).$(".govuk-phase-banner").text()).toContain(
      "invented",
    );
  });
});
