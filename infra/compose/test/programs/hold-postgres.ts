// Starts PostgreSQL in the directory that is its argument, writes a row, says how to connect, and goes on until killed.
import pg from "pg";
import { startPostgres } from "../../src/index.ts";

const dataDir = process.argv[2] ?? "";
const log = { info: () => undefined, warn: () => undefined };
const server = await startPostgres({ dataDir, log });
const client = new pg.Client(server.connection);
await client.connect();
await client.query("CREATE TABLE IF NOT EXISTS kept (at int)");
await client.query("INSERT INTO kept VALUES (1)");
const { rows } = await client.query<{ count: string }>("SELECT count(*) FROM kept");
console.log(JSON.stringify({ rows: Number(rows[0]?.count), firstStart: server.firstStart }));
setInterval(() => undefined, 1_000);
