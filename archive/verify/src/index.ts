export * from "./error.ts";
export type { Problem } from "./problems.ts";
export type { Attested, Stamped, Witnessed } from "./attestations.ts";
export { type ReportedLog, verifyPackage, type VerifyOptions, type VerifyReport } from "./verify-package.ts";
