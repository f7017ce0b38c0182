import { ROLES } from "@daybook/runtime";
import { page, view } from "../page.ts";
import { rightsTable } from "./rights-table.ts";

/** Which role may do what, as the server enforces it. */
export const rolesPages = [
  page({
    method: "get",
    path: "/roles",
    action: "self.read",
    handle: () => Promise.resolve(view("roles/roles", { roles: ROLES, rights: rightsTable() })),
  }),
];
