export type EvidenceErrorCode =
  | "no-such-matter"
  | "matter-closed"
  | "no-such-custodian"
  | "no-such-participant"
  | "bad-request" // a filter or key that cannot be used
  | "no-such-export"
  | "already-taken" // a package that is streamed is made and taken once: have it built, or ask for another
  | "not-finished" // the package is not built yet; the receipt exists once it is, or was taken whole
  | "busy" // too many builds wait: ask again later
  | "disk-full" // there is no room for a package on this server
  | "unsafe-folder" // others may write where packages are to wait
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
