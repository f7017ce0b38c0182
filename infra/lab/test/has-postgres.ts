import { existsSync } from "node:fs";
import { installedBinaries } from "@daybook/compose/postgres";

/** Whether npm installed PostgreSQL's programs: it has none for some machines. */
export const hasPostgres = ((): boolean => {
  try {
    return existsSync(installedBinaries());
  } catch {
    return false;
  }
})();
