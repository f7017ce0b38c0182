import { ConnectorError } from "@daybook/contract";
import { isBusy } from "@daybook/keeping";
import type { Outgoing } from "../spool/outbox.ts";

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

/** @param from when it was read last @param at now: both of the Mac's clock, milliseconds since 1970 */
export function gap(why: string, from: number | undefined, at: number): Outgoing {
  const said = { v: 1, seen: "gap", at, ...(from !== undefined && { from: Math.min(from, at) }), why };
  return { raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [] };
}
