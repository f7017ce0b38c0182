export { EvidenceError, type EvidenceErrorCode } from "./error.ts";
export { evidenceProblem } from "./problem.ts";
export { type EvidenceOptions, runEvidence } from "./evidence.ts";
