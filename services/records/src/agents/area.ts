import type { Route } from "@daybook/runtime";
import type { Accounts } from "../accounts.ts";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import { Devices } from "../posts/devices.ts";
import type { Registry } from "../registry.ts";
import { agentRoutes } from "./agent-routes.ts";
import { Agents } from "./agents.ts";

/** Agents on devices: who may add to an account's record. */
export function agentArea(base: {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly registry: Registry;
  readonly accounts: Accounts;
  readonly now: () => Date;
}): Route[] {
  return agentRoutes(new Agents({ ...base, devices: new Devices(base) }));
}
