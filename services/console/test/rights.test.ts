import { mayDo, type Role, ROLES } from "@daybook/runtime";
import { PAGES } from "../src/index.ts";
import type { Page } from "../src/page.ts";
import { consoleOver, type TestConsole } from "../testing/console-over.ts";

/** Stands for every parameter. */
const ID = "3b241101-e2bb-4255-8caf-4136c566a962";

let console_: TestConsole;
beforeAll(async () => {
  console_ = await consoleOver({});
});
afterAll(() => console_.close());

const pathOf = ({ path }: Page) => path.replaceAll(/:\w+/g, ID);

/** What the console makes of a request for a page, sent as its own form or link would. */
async function ask(page: Page, roles?: readonly Role[]) {
  const browser = console_.browser(roles);
  const form = await browser.get("/accessibility");
  const _csrf = form.$('input[name="_csrf"]').attr("value") ?? browser.cookies.get("daybook-csrf") ?? "";
  const refused = console_.refusals.length;
  const answer =
    page.method === "get"
      ? await browser.raw("GET", pathOf(page))
      : await browser.raw("POST", pathOf(page), {
          headers: { origin: console_.origin },
          body: page.maxFileBytes === undefined ? new URLSearchParams({ _csrf }) : formData({ _csrf }),
        });
  await answer.arrayBuffer();
  return {
    status: answer.status,
    to: answer.headers.get("location"),
    refused: console_.refusals.slice(refused),
  };
}

function formData(fields: Readonly<Record<string, string>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}

describe.each(PAGES.map((page): [string, Page] => [`${page.method} ${page.path}`, page]))("%s", (_, page) => {
  const { action } = page;

  if (page.method === "post") {
    it("is refused without the token of a page of ours, whoever sends it", async () => {
      const browser = console_.browser(ROLES);
      const form = { _csrf: "" };
      const answer = await browser.raw("POST", pathOf(page), {
        headers: { origin: console_.origin },
        body: page.maxFileBytes === undefined ? new URLSearchParams(form) : formData(form),
      });

      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain("This form was open for too long");
    });
  }

  if (action === "public") {
    it("is for everybody", async () => {
      const { status, to } = await ask(page);

      expect([status, to?.startsWith("/sign-in?next=")]).not.toEqual([303, true]);
    });
    return;
  }

  it.each(ROLES)("is for a %s as the table of rights says", async (role) => {
    const { status, refused } = await ask(page, [role]);
    const may = mayDo({ id: "", name: "", kind: "person", roles: [role] }, action);

    expect([status === 403, refused]).toEqual(may ? [false, []] : [true, [action]]);
  });

  if (page.maxFileBytes !== undefined) {
    it("holds no file of somebody who is not signed in", async () => {
      const answer = await console_.browser().raw("POST", pathOf(page), {
        headers: { origin: console_.origin },
        body: formData({ _csrf: "", file: "x".repeat(1024 * 1024) }),
      });

      expect(answer.status).toBe(303);
    });
  }

  it("is for nobody who is not signed in", async () => {
    const { status, to } = await ask(page);

    expect(status).toBe(303);
    expect(to).toMatch(/^\/sign-in/);
  });
});

it("leaves public what somebody needs who is not signed in, and no more", () => {
  const open = PAGES.filter(({ action }) => action === "public").map(({ path }) => path);

  expect(open.filter((path) => !/^\/(?:accessibility|cookies|sign-in|sign-out)(?:\/|$)/.test(path))).toEqual(
    [],
  );
});
