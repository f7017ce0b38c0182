import { ConnectorError } from "@daybook/contract";
import { isBusy } from "@daybook/keeping";

const CANTOPEN = 14;
const AUTH = 23;

/** What is wrong with the database, as batches say it. */
export function problemOf(error: unknown): string {
  const cause = error instanceof ConnectorError ? error.cause : error;
  if (isBusy(cause)) return "database-locked";
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  const errcode =
    typeof cause === "object" && cause !== null && "errcode" in cause ? cause.errcode : undefined;
  if (code === "ENOENT") return "database-missing";
  if (code === "EPERM" || code === "EACCES" || errcode === CANTOPEN || errcode === AUTH)
    return "permission-lost";
  if (error instanceof ConnectorError && error.code === "not-an-export") return "schema-unknown";
  return "database-damaged";
}
