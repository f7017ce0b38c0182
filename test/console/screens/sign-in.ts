import type { Page } from "playwright-core";
import { z } from "zod";
import type { Screen, Stage } from "./screen.ts";

const added = z.object({ invitation: z.object({ link: z.string() }) });
let invited = 0;

/** A link of somebody new. */
async function link(stage: Stage): Promise<string> {
  invited += 1;
  const body = { name: `Ida Invited ${invited}`, roles: ["auditor"] };
  const made = await stage.api("administrator").call("post", "/api/v1/persons", { body, response: added });
  const { pathname, hash } = new URL(made.invitation.link);
  return `${pathname}${hash}`;
}

const heading = (text: RegExp) => async (page: Page) => {
  await page.getByRole("heading", { level: 1, name: text }).waitFor();
};

/** The trial's own address, below the stage's. */
function entry(stage: Stage): string {
  const { pathname, search } = new URL(stage.entry);
  return `${pathname}${search}`;
}

export const signInScreens: readonly Screen[] = [
  { page: "/sign-in", state: "trial-without-its-address", as: "nobody", open: () => "/sign-in" },
  { page: "/sign-in", state: "trial", as: "nobody", open: entry },
  {
    page: "/sign-in",
    state: "no-passkey",
    as: "nobody",
    open: () => "/sign-in",
    act: async (page) => {
      await page.evaluate(
        "navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'))",
      );
      await page.getByRole("button", { name: "Sign in with a passkey" }).click();
      await page.getByText("No passkey was given").waitFor();
    },
  },
  {
    page: "/confirm",
    state: "trial-begun-again",
    as: "nobody",
    open: entry,
    // Whoever has just come has to confirm nothing, so the form is sent as one that was open for long.
    act: async (page) => {
      await page.getByRole("button", { name: /^Sign in as Chidi/ }).click();
      await page.waitForLoadState("load");
      await page.context().clearCookies({ name: "daybook-start" });
      await page.evaluate(`{
        const form = document.querySelector("form[action='/sign-out']");
        form.action = "/confirm/trial";
        form.submit();
      }`);
      await page.getByRole("heading", { level: 1, name: "Confirm that it is you" }).waitFor();
    },
  },
  { page: "/sign-in/link", state: "cut", as: "nobody", open: () => "/sign-in/link" },
  {
    page: "/sign-in/link",
    state: "used",
    as: "nobody",
    open: () => `/sign-in/link#${"A".repeat(43)}`,
    act: async (page) => {
      await page.getByText("There is a problem").waitFor();
    },
  },
  { page: "/sign-in/link", state: "welcome", as: "nobody", open: link, act: heading(/^Welcome, Ida/) },
  {
    page: "/sign-in/oidc",
    state: "not-begun",
    as: "nobody",
    open: () => "/sign-in/oidc?code=x&state=x",
    status: 403,
  },
];
