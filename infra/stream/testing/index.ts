export { collect, describeStream, SUITE_PARTITIONS, type StreamUnderTest } from "./describe-stream.ts";
export { type Fault, MemoryStream } from "./memory-stream.ts";
export {
  describeGroup,
  GROUP_PARTITIONS,
  type GroupUnderTest,
  TestMember,
  untilShared,
} from "./describe-group.ts";
export { HandGroup } from "./hand-group.ts";
