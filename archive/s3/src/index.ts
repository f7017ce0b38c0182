export type { S3Connection } from "./connect.ts";
export { makeBuckets } from "./make-buckets.ts";
export { openS3Stores, type S3Buckets, type S3StoresOptions } from "./open.ts";
export { StoreRefusedError } from "./outcome.ts";
