export * from "./cipher.ts";
export { type IngestKey, generateIngestKey } from "./cipher/ingest-key.ts";
export { createPayloadOpener, type PayloadOpenerOptions } from "./cipher/opener.ts";
export { createPayloadSealer, type PayloadSealerOptions } from "./cipher/sealer.ts";
export { type FileStream, type FileStreamOptions, openFileStream } from "./file/file-stream.ts";
export { MAX_PAYLOAD_BYTES } from "./file/frame.ts";
export * from "./port.ts";
