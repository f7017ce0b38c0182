export { checkRsmf, type CheckedRsmf, unzip } from "./check-rsmf.ts";
export { decoded, decodedWords, type MimePart, parsePart, partsOf } from "./mime.ts";
export type { RsmfEvent, RsmfManifest } from "./rsmf-schema.ts";
export { ALL_FORMATS, SampleArchive } from "./sample-archive.ts";
export { sampleDepartment } from "./sample-department.ts";
export { auditEvent, sampleAttachment, sampleEvent } from "./sample-events.ts";
