export * from "./cipher.ts";
export { type IngestKey, generateIngestKey } from "./cipher/ingest-key.ts";
export { createPayloadOpener, type PayloadOpenerOptions } from "./cipher/opener.ts";
export { createPayloadSealer, type PayloadSealerOptions } from "./cipher/sealer.ts";
export { type FileStream, type FileStreamOptions, openFileStream } from "./file/file-stream.ts";
export { MAX_PAYLOAD_BYTES } from "./file/frame.ts";
export { type KafkaStream, openKafkaStream } from "./kafka/open.ts";
export type { KafkaStreamOptions } from "./kafka/options.ts";
export { KafkaTopicsError } from "./kafka/topics-error.ts";
export { type PartitionWork, type Place, soleGroup, type StreamGroup } from "./group.ts";
export { kafkaGroup, type KafkaGroupOptions } from "./kafka/group.ts";
export * from "./port.ts";
export { reachKafka, type ReachedKafka } from "./spool/reach-kafka.ts";
export {
  type Downstream,
  openSpool,
  type Spool,
  type SpoolOptions,
  type SpoolStatus,
  type SpoolTrouble,
} from "./spool/spool.ts";
