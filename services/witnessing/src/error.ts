export type WitnessingErrorCode =
  | "bad-settings" // a witness's key or address, the quorum, or the authority's certificates
  | "unavailable" // a witness or an authority does not answer, or not in time: ask again
  | "bad-answer"; // it answers something that its protocol does not have

/** Every error of this service. Switch on `code`; the message is for people and has no user data. */
export class WitnessingError extends Error {
  override readonly name = "WitnessingError";
  readonly code: WitnessingErrorCode;

  constructor(code: WitnessingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
