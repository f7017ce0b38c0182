export { checkBuckets } from "./check-buckets.ts";
export type { S3Connection } from "./connect.ts";
export { makeBuckets } from "./make-buckets.ts";
export { openS3Stores, type S3Buckets, type S3StoresOptions } from "./open.ts";
export { StoreRefusedError } from "./outcome.ts";
export { probeLocks } from "./probe.ts";
export { UnfitStoreError } from "./unfit-store.ts";
