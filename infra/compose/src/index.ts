export * from "./error.ts";
export { type Home, type HomeFacts, openHome } from "./home/home.ts";
export { findServers, type RunningServer, serverOf } from "./home/servers.ts";
export type { Connection } from "./postgres/database.ts";
export { type Postgres, type PostgresLog, startPostgres } from "./postgres/server.ts";
