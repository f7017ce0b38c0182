export * from "./error.ts";
export type { Problem } from "./problems.ts";
export { verifyPackage, type VerifyOptions, type VerifyReport } from "./verify-package.ts";
