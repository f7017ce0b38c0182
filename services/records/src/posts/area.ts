import type { Route } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import type { Registry } from "../registry.ts";
import { AccountChanges } from "./account-changes.ts";
import { Custody } from "./custody.ts";
import { custodyRoutes } from "./custody-routes.ts";
import { deviceRoutes } from "./device-routes.ts";
import { Devices } from "./devices.ts";
import { Holdings } from "./holdings.ts";
import { importRoutes } from "./import-routes.ts";
import { Imports } from "./imports.ts";
import { postRoutes } from "./post-routes.ts";
import { Posts } from "./posts.ts";

/** Where the body is, where nobody says. */
export const DEFAULT_ZONE = "Europe/London";

/** People, posts, accounts and devices over time. */
export function postArea(base: {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly registry: Registry;
  /** IANA: days that people name are days there. */
  readonly zone: string;
  readonly now: () => Date;
}): { posts: Posts; custody: Custody; accountChanges: AccountChanges; routes: Route[] } {
  const posts = new Posts(base);
  const holdings = new Holdings(base);
  const devices = new Devices(base);
  const custody = new Custody(base);
  const accountChanges = new AccountChanges(base);
  const imports = new Imports(base);
  return {
    posts,
    custody,
    accountChanges,
    routes: [
      ...postRoutes({ ...base, posts, holdings }),
      ...deviceRoutes({ ...base, devices }),
      ...custodyRoutes({ ...base, custody, accountChanges, posts, devices }),
      ...importRoutes(imports),
    ],
  };
}
