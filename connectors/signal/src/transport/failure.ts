import { SignalError } from "../error.ts";
import { ErrorCode, isLibraryError } from "../libsignal.ts";

const DAY_SECONDS = 86_400;

/**
 * What an error of the library's network means for a link: whether to wait, or to stop and tell somebody.
 *
 * @returns a SignalError: `unlinked`, `expired`, `displaced`, `rate-limited`, or `unavailable` for the rest
 */
export function connectionFailure(cause: unknown): SignalError {
  if (cause instanceof SignalError) return cause;
  const is = (code: ErrorCode) => isLibraryError(cause, code);
  if (is(ErrorCode.DeviceDelinked))
    return new SignalError("unlinked", "Signal removed this device from the account: link it again", {
      cause,
    });
  if (is(ErrorCode.AppExpired))
    return new SignalError("expired", "Signal does not accept this version any more: upgrade Daybook", {
      cause,
    });
  if (is(ErrorCode.ConnectedElsewhere))
    return new SignalError("displaced", "another process connected as this device: stop one of them", {
      cause,
    });
  if (isLibraryError(cause, ErrorCode.RateLimitedError)) return rateLimited(cause.retryAfterSecs, cause);
  if (is(ErrorCode.PossibleCaptiveNetwork)) {
    const why =
      "something on the network answers in Signal's place (a TLS-intercepting proxy?): let Signal through";
    return new SignalError("unavailable", why, { cause });
  }
  return new SignalError("unavailable", "Signal does not answer", { cause });
}

/** @param seconds that the server asks to wait; a minute where it does not say */
export function rateLimited(seconds: number, cause?: unknown): SignalError {
  const known = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, DAY_SECONDS) : 60;
  return new SignalError("rate-limited", `Signal asks to wait ${known} seconds`, {
    cause,
    retryAfterMs: known * 1_000,
  });
}
