export { EvidenceError, type EvidenceErrorCode } from "./error.ts";
export { evidenceProblem, type EvidenceOptions, runEvidence } from "./evidence.ts";
