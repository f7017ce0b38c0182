export type EvidenceErrorCode =
  | "no-such-matter"
  | "matter-closed"
  | "no-such-custodian"
  | "bad-request" // a filter or key that cannot be used
  | "no-such-export"
  | "already-taken" // a package is made and taken once: ask for another
  | "not-finished" // the receipt exists once the package was taken whole
  | "unavailable"; // another service or a store does not answer

/** Every error of evidence. Switch on `code`; the message is for people and has no user data. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  readonly code: EvidenceErrorCode;

  constructor(code: EvidenceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
