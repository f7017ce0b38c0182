import { S3ServiceException } from "@aws-sdk/client-s3";
import { ArchiveError } from "@daybook/archive-core";

/**
 * What an error of the store, or of the way to it, means. `retry`: it may or may not have happened. `full`: it
 * did not, and will when there is room. `taken`: a condition (`If-Match`, `If-None-Match`) did not hold, or lost
 * a race. `unlocked`: asked for its lock, it has none. `refused`: it will not do, however often it is repeated.
 */
export type Outcome =
  "retry" | "full" | "taken" | "missing" | "unlocked" | "beyond-end" | "corrupt" | "refused";

/** The store will not do it, and repeating does not help: an administrator must act. The message says on what. */
export class StoreRefusedError extends Error {
  override readonly name = "StoreRefusedError";
  readonly code = "store-refused";
  readonly retryable = false;
}

const FULL = new Set([
  "EntityTooLargeForQuota",
  "InsufficientStorage",
  "QuotaExceeded",
  "XMinioAdminBucketQuotaExceeded",
  "XMinioStorageFull",
]);
/** Damaged on the way (we check what we send), or a moment's trouble, whatever the status. */
const RETRY = new Set([
  "BadDigest",
  "IncompleteBody",
  "NoSuchUpload",
  "OperationAborted",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
]);
const TAKEN = new Set(["ConditionalRequestConflict", "PreconditionFailed"]);
const OUTCOME_OF_STATUS: Readonly<Record<number, Outcome>> = {
  404: "missing",
  408: "retry",
  412: "taken",
  416: "beyond-end",
  429: "retry",
  507: "full",
};

const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: "check what the bucket's policy allows this identity",
  Forbidden: "check what the bucket's policy allows this identity",
  InvalidAccessKeyId: "check the credentials",
  InvalidRequest: "check that the bucket has Object Lock, and this machine's clock",
  NoSuchBucket: "create the bucket, or correct its name",
  SignatureDoesNotMatch: "check the credentials and the region",
};

const CERTIFICATE = /CERT|^ERR_TLS|SELF_SIGNED|^UNABLE_TO_/;

/** Undefined for an error that is not the store's nor the network's. */
export function outcomeOf(error: unknown): Outcome | undefined {
  if (error instanceof S3ServiceException) return outcomeOfAnswer(error);
  if (typeof error !== "object" || error === null || error instanceof ArchiveError) return undefined;
  const { name = "", message = "", code = "" } = error as { name?: string; message?: string; code?: string };
  if (message.startsWith("Checksum mismatch")) return "corrupt";
  if (CERTIFICATE.test(code)) return "refused";
  // The SDK marks what failed on the way, an answer cut short included, with the attempts it made.
  const isOfNetwork = code.startsWith("E") && !code.startsWith("ERR_");
  return isOfNetwork || "$metadata" in error || name === "TimeoutError" ? "retry" : undefined;
}

/** Runs requests; what fails becomes an error of the ports, or `StoreRefusedError`. */
export async function onStore<T>(requests: () => Promise<T>): Promise<T> {
  try {
    return await requests();
  } catch (error) {
    throw asPortError(error);
  }
}

/** The error that a port throws for one of the store's or the network's. Others stay as they are. */
export function asPortError(error: unknown): unknown {
  const options = { cause: error };
  switch (outcomeOf(error)) {
    case undefined:
      return error;
    case "retry":
      return new ArchiveError(
        "store-unavailable",
        `the store did not answer as it should (${nameOf(error)})`,
        options,
      );
    case "full":
      return new ArchiveError(
        "store-full",
        `the store is full (${nameOf(error)}): make room or raise its quota`,
        options,
      );
    case "taken":
      return new ArchiveError("conflict", "the object was changed or removed in the meantime", options);
    case "missing":
      return new ArchiveError("object-missing", "no such object", options);
    case "corrupt":
      return new ArchiveError(
        "corrupt",
        "an object does not have the checksum that the store keeps of it",
        options,
      );
    case "unlocked":
    case "beyond-end":
    case "refused":
      return new StoreRefusedError(
        `the store refuses (${nameOf(error)}): ${adviceOn(nameOf(error))}`,
        options,
      );
  }
}

function outcomeOfAnswer(error: S3ServiceException): Outcome {
  const status = error.$metadata.httpStatusCode ?? 0;
  if (FULL.has(error.name)) return "full";
  if (RETRY.has(error.name)) return "retry";
  if (TAKEN.has(error.name)) return "taken";
  if (error.name === "NoSuchBucket") return "refused";
  if (error.name === "NoSuchObjectLockConfiguration") return "unlocked";
  // Success whose body is not an answer: it was cut, or something on the way spoke in the store's place.
  if (status < 300) return "retry";
  return OUTCOME_OF_STATUS[status] ?? (status >= 500 ? "retry" : "refused");
}

function adviceOn(name: string): string {
  if (CERTIFICATE.test(name)) return "check its certificate, and which authority is trusted here";
  return ADVICE[name] ?? "see the store's own log for why";
}

/** The store's or the system's word for an error: never its message, which may quote what was sent. */
function nameOf(error: unknown): string {
  const { name = "unknown", code = name } = error as { name?: string; code?: string };
  return code;
}
