export { type DeployedLogin, deployDatabase } from "./deployed.ts";
export { describeOutages, type Keeper } from "./describe-outages.ts";
export { hasPostgres, startTestPostgres, type TestPostgres } from "./postgres.ts";
