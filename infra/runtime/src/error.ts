export type RuntimeErrorCode =
  | "invalid-configuration" // a variable is missing or wrong; the message names it, never its value
  | "unsafe-process" // the process was started in a way that could write memory or traffic to disk
  | "address-unavailable"; // the port is taken, or the address is not one of this machine

/** Errors of starting a process. Switch on `code`; the message tells an operator what to do. */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
