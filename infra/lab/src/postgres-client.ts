import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { scramVerifier } from "@daybook/compose/postgres";
import type { PostgresAccess } from "./postgres.ts";

// SQLSTATE cannot_connect_now: it starts, or stops.
const NOT_YET = "57P03";
const EXPIRED = "CERT_HAS_EXPIRED";

/** Whether the server is up. One whose certificate has expired is, though nobody can use it. */
export async function answers(access: PostgresAccess): Promise<boolean> {
  try {
    await statement(access, "SELECT");
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return code === EXPIRED || (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && code !== NOT_YET);
  }
}

/** Runs SQL on a connection of its own. @returns rows of the last statement */
export async function statement(
  { tls: { ca, client }, ...access }: PostgresAccess,
  text: string,
  values?: readonly unknown[],
): Promise<unknown[][]> {
  const ssl = { ca, ...(client && { cert: client.certificate, key: client.key }) };
  const connection = new Client({ ...access, ssl });
  connection.on("error", () => undefined);
  try {
    await connection.connect();
    const query = { text, rowMode: "array" as const, ...(values && { values: [...values] }) };
    const result: unknown = await connection.query<unknown[]>(query);
    const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: unknown[][] };
    return last.rows;
  } finally {
    await connection.end().catch(() => undefined);
  }
}

/** Makes each login, without any special right, and a database that is its own. */
export async function makeLogins(admin: PostgresAccess, logins: readonly PostgresAccess[]): Promise<void> {
  for (const { user, password, database } of logins) {
    const [role, name] = [escapeIdentifier(user), escapeIdentifier(database)];
    await statement(admin, `CREATE ROLE ${role} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`);
    await statement(admin, `CREATE DATABASE ${name} OWNER ${role}`);
    await statement(admin, `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  }
}
