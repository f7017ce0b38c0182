import type { Action } from "@daybook/runtime";

/** Where the menu leads, in its order, and the right that shows an entry. */
const ENTRIES: readonly { readonly href: string; readonly action: Action; readonly key: string }[] = [
  { href: "/", action: "self.read", key: "home" },
  { href: "/my", action: "self.content", key: "my" },
  { href: "/matters", action: "matter.list", key: "matters" },
  { href: "/approvals", action: "hold.approve", key: "approvals" },
  { href: "/audit", action: "audit.read", key: "audit" },
  { href: "/health", action: "health.read", key: "health" },
  { href: "/custodians", action: "custodian.read", key: "custodians" },
  { href: "/people", action: "person.read", key: "people" },
];

/** An entry of the menu, as the service navigation takes it. */
export interface NavigationItem {
  readonly href: string;
  readonly text: string;
  /** The page is below it. */
  readonly active: boolean;
  /** It is the page. */
  readonly current: boolean;
}

/** @param hrefs of pages that there are */
export function navigation(of: {
  readonly may: (action: Action) => boolean;
  readonly path: string;
  readonly pages: ReadonlySet<string>;
  readonly text: (key: string) => string;
}): NavigationItem[] {
  return ENTRIES.filter(({ href, action }) => of.pages.has(href) && of.may(action)).map(({ href, key }) => ({
    href,
    text: of.text(`common:menuItems.${key}`),
    active: href !== "/" && of.path.startsWith(`${href}/`),
    current: of.path === href,
  }));
}
