import { ArchiveError } from "@daybook/archive-core";
import { ArchiverError } from "@daybook/archiver";
import { CaptureError } from "@daybook/capture";
import { CatalogueError } from "@daybook/catalogue";
import { ComposeError } from "@daybook/compose";
import { EvidenceError } from "@daybook/evidence";
import { RecordsError } from "@daybook/records";
import { RetentionError } from "@daybook/retention";
import { KafkaTopicsError, StreamError } from "@daybook/stream";
import { WitnessingError } from "@daybook/witnessing";
import { CliError } from "./error.ts";

/** Errors whose messages are Daybook's own words, for people. */
const OURS = [
  ArchiveError,
  ArchiverError,
  CaptureError,
  CatalogueError,
  ComposeError,
  EvidenceError,
  RecordsError,
  KafkaTopicsError,
  RetentionError,
  StreamError,
  WitnessingError,
];

type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * What stopped a machine or a service, as the command line may say it; what is not Daybook's own stays as it is.
 *
 * @param more classes of errors whose messages are our own words, of packages that not everybody loads
 */
export function ourError(error: unknown, more: readonly ErrorClass[] = []): unknown {
  return error instanceof Error && [...OURS, ...more].some((ours) => error instanceof ours)
    ? new CliError(error.message, { cause: error })
    : error;
}
