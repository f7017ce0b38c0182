export { hasPostgres, startTestPostgres, type TestPostgres } from "./postgres.ts";
