export type GatewayErrorCode =
  | "no-such-account"
  | "no-such-message"
  | "cannot-send" // the account is nobody's now, or nothing of ours can send from it
  | "not-yours" // who asks does not speak for the account's custodian
  | "refused-by-policy"
  | "conflict" // the id was used for another message
  | "unavailable"; // the stream, the database or another service does not answer: ask again with the same id

/** Every error of the gateway. Switch on `code`; the message is for people and has no user data. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
