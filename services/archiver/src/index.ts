export { attachmentKey } from "./attachments.ts";
export { payloadContext } from "./decode.ts";
export { ArchiverError, type ArchiverErrorCode } from "./error.ts";
export { INGEST_KEY_ALERT_DAYS, type IngestKeyState, retireIngestKeys } from "./ingest-keys.ts";
export type { ArchiverOptions, MissingSpan, ShardOptions } from "./options.ts";
export { ArchiverProgress, type ShardStatus } from "./progress.ts";
export { archiverRoutes, type ShardReport, shardReport } from "./routes.ts";
export { runArchiver } from "./run-archiver.ts";
