export { collect, describeStream, SUITE_PARTITIONS, type StreamUnderTest } from "./describe-stream.ts";
export { type Fault, MemoryStream } from "./memory-stream.ts";
