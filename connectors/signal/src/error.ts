export type SignalErrorCode =
  | "link-refused" // the server did not take the link: the message says what the official should do
  | "account-open" // another process has this account
  | "account-unreadable" // not one of our files, damaged, or under another key
  | "unlinked" // the phone or the server removed this device: link again
  | "expired" // the server refuses this version of the client: upgrade
  | "displaced" // another process connected with this account's credentials
  | "unavailable" // the network or the server does not answer: try again
  | "rate-limited"
  | "attachment-invalid" // its bytes are not what the sender vouched for
  | "attachment-missing" // the server has it no more
  | "malformed" // outside bytes that cannot be read
  | "unregistered" // the recipient has no Signal account any more
  | "identity-changed" // the recipient's safety number is one that nobody has confirmed
  | "challenge" // Signal wants a person to prove that they are one, on the phone
  | "not-possible"; // asked for something that Signal, or this version, does not do

const RETRYABLE: ReadonlySet<SignalErrorCode> = new Set(["unavailable", "rate-limited"]);

/** Every error of this package. Switch on `code`; the message is for people and has no user data. */
export class SignalError extends Error {
  override readonly name = "SignalError";
  readonly code: SignalErrorCode;
  /** How long the server asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: SignalErrorCode, message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
