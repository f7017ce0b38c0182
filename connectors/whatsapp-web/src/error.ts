/** What can stand in the way of a session, for whoever has to act on it. */
export type WebErrorCode =
  | "no-chromium" // install it
  | "profile-unreadable" // damaged, or under another key: link again
  | "unavailable"; // tried again

/** An error of this connector. The message has no user data. */
export class WebError extends Error {
  override readonly name = "WebError";
  readonly code: WebErrorCode;

  constructor(code: WebErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
