export type { ArchiveKeys } from "./keys/archive-keys.ts";
export { type Archiver, archiverOver } from "./archiver.ts";
export type { Connection, DatabaseLimits } from "./database.ts";
export { RecordsError, type RecordsErrorCode } from "./error.ts";
export type { KeptElsewhere, RecordsOptions } from "./options.ts";
export { recordsProblem } from "./problem.ts";
export { runRecords } from "./records.ts";
export { scopeHash } from "./scope.ts";
export type { DirectoryOptions, SignInOptions, TrialOptions } from "./sign-in/options.ts";
