import { setTimeout as sleep } from "node:timers/promises";
import { describeLockedStore, describeMutableStore } from "@daybook/archive-core/testing";
import { openS3Stores } from "@daybook/s3";
import { describeOnEngines, freshBuckets } from "./engines.ts";

describeOnEngines((name, connection) => {
  const setUp = async () => {
    const buckets = await freshBuckets(connection());
    return () => openS3Stores({ ...connection(), buckets });
  };

  describeLockedStore(name, async () => {
    const open = await setUp();
    const { records } = open();
    return {
      store: records,
      now: () => new Date(),
      putLapsed: async (key, body) => {
        const retainUntil = new Date(Date.now() + 1_000);
        await records.put({ key, body, retainUntil });
        while ((await records.stat(key))!.retainUntil >= new Date()) await sleep(100);
      },
      reopen: async () => open().records,
    };
  });

  describeMutableStore(name, async () => {
    const open = await setUp();
    return {
      store: open().keyring,
      reopen: async () => open().keyring,
      hasContentTags: true,
      isTree: true,
    };
  });
});
