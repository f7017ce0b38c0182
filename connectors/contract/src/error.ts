export type ConnectorErrorCode =
  | "stream-unavailable" // the events may or may not be captured: repeat them
  | "store-unavailable" // the attachment may or may not be stored: repeat it
  | "network-unavailable" // a message may or may not be sent: send it again under its id
  | "event-invalid" // does not fit the schema: a defect of the connector
  | "too-large"
  | "not-an-export" // the file is none that the importer knows
  | "malformed" // outside bytes that cannot be read safely; nothing was captured
  | "link-refused" // the network did not take a link: the message tells the official what to do
  | "unlinked"; // the account must be linked again

const RETRYABLE: ReadonlySet<ConnectorErrorCode> = new Set([
  "stream-unavailable",
  "store-unavailable",
  "network-unavailable",
]);

/** Every error that crosses the connector ports. Switch on `code`; the message has no user data. */
export class ConnectorError extends Error {
  override readonly name = "ConnectorError";
  readonly code: ConnectorErrorCode;

  constructor(code: ConnectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
