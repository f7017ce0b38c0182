import { page, view } from "../page.ts";

/** What a public body must say of its website, and what this one keeps in a browser. */
export const aboutPages = [
  page({
    method: "get",
    path: "/accessibility",
    action: "public",
    handle: () => Promise.resolve(view("about/accessibility")),
  }),
  page({
    method: "get",
    path: "/cookies",
    action: "public",
    handle: () => Promise.resolve(view("about/cookies")),
  }),
];
