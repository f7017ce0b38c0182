export { type DeployedLogin, deployDatabase } from "./deployed.ts";
export { hasPostgres, startTestPostgres, type TestPostgres } from "./postgres.ts";
