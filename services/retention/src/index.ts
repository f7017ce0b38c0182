export { RetentionError, type RetentionErrorCode } from "./error.ts";
export { factsOverHttp } from "./facts-over-http.ts";
export type { RetentionFacts, RetentionOptions, RetentionReport } from "./options.ts";
export { retainOnce } from "./retain-once.ts";
export { runRetention } from "./run-retention.ts";
