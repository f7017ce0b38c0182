import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { PostgresConnection } from "../src/postgres.ts";

const FILES = resolve(import.meta.dirname, "../../../infra/deploy/postgres");

/** A login of `infra/deploy/postgres/1-roles.sql`. */
export type DeployedLogin = "owner" | "archiver" | "records" | "evidence" | "capture" | "gateway";

/**
 * Runs the files of `infra/deploy/postgres` as an administrator does.
 *
 * @param server.sql runs SQL as `admin` unless told otherwise, who is a superuser
 * @param known ways in whose passwords are to be the same as before; made up where they are left out
 * @returns a way in for each login
 */
export async function deployDatabase<C extends PostgresConnection & { readonly password: string }>(
  server: {
    readonly admin: C;
    readonly sql: (text: string, values?: readonly unknown[], as?: C) => Promise<unknown>;
  },
  known?: Readonly<Record<DeployedLogin, C>>,
): Promise<Record<DeployedLogin, C>> {
  const { admin, sql } = server;
  const file = (name: string) => readFile(resolve(FILES, name), "utf8");
  await sql(await file("1-roles.sql"));
  await sql(await file("2-database.sql"));
  const database = { ...admin, database: "daybook" };
  const rights = await file("3-rights.sql");
  for (let time = 1; time <= 2; time += 1) await sql(rights, undefined, database);
  const login = async (name: DeployedLogin): Promise<C> => {
    const password = known?.[name].password ?? randomBytes(16).toString("hex");
    await sql(`ALTER ROLE daybook_${name} PASSWORD '${password}'`);
    return { ...database, user: `daybook_${name}`, password };
  };
  return {
    owner: await login("owner"),
    archiver: await login("archiver"),
    records: await login("records"),
    evidence: await login("evidence"),
    capture: await login("capture"),
    gateway: await login("gateway"),
  };
}
