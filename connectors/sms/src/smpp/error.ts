export type SmppErrorCode =
  | "framing" // the stream cannot be cut into PDUs any more: end the session
  | "unreadable"; // one PDU is malformed: its bytes are whole, and the next can be read

/** Every error of the codec. Switch on `code`; the message has no user data. */
export class SmppError extends Error {
  override readonly name = "SmppError";
  readonly code: SmppErrorCode;

  constructor(code: SmppErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
