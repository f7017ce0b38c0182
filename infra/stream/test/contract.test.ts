import { describeStream, MemoryStream, SUITE_PARTITIONS } from "@daybook/stream/testing";
import { type FileStream, openFileStream } from "../src/file/file-stream.ts";
import { removeTemporary, temporary } from "./temporary.ts";
import { throughSpool } from "./through-spool.ts";
import { systemError, TestDisk } from "./test-disk.ts";

describeStream("the file stream", async () => {
  const dir = await temporary();
  const disk = new TestDisk();
  let stream: FileStream;
  return {
    async open() {
      disk.hooks = {};
      stream = await openFileStream({ dir, partitions: SUITE_PARTITIONS, segmentBytes: 1_000 }, disk);
      return stream;
    },
    fail(fault) {
      const fail = () => Promise.reject(systemError("EIO"));
      // Kept: the bytes are in the file, and stay there.
      disk.hooks = fault === "lost" ? { write: fail } : { datasync: fail, truncate: fail };
    },
    forget: (topic, partition, before) => stream.trim(topic, partition, before),
    remove: removeTemporary,
  };
});

describeStream("the stream in memory", async () => {
  const stream = new MemoryStream();
  return {
    async open() {
      stream.reopen();
      return stream;
    },
    fail: (fault) => stream.faults.push(fault),
    forget: (topic, partition, before) => stream.trim(topic, partition, before),
    remove: async () => undefined,
  };
});

describeStream("a stream behind a spool", async () => {
  const dir = await temporary();
  const disk = new TestDisk();
  const behind = new MemoryStream();
  return {
    open() {
      disk.hooks = {};
      behind.reopen();
      return throughSpool(behind, { dir, partitions: SUITE_PARTITIONS, segmentBytes: 1_000 }, disk);
    },
    fail(fault) {
      const fail = () => Promise.reject(systemError("EIO"));
      disk.hooks = fault === "lost" ? { write: fail } : { datasync: fail, truncate: fail };
    },
    forget: (topic, partition, before) => behind.trim(topic, partition, before),
    remove: removeTemporary,
  };
});
