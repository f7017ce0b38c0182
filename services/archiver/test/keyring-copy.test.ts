import { setTimeout as sleep } from "node:timers/promises";
import { ArchiveError, headKey } from "@daybook/archive-core";
import { memoryStores } from "@daybook/archive-core/testing";
import { makeRig, SHARD } from "./support/rig.ts";

it("waits while the keyring's second home is down, takes what arrives meanwhile, and goes on by itself", async () => {
  const rig = await makeRig();
  const stores = memoryStores({ keyringCopy: true });
  const copy = stores.keyringCopy!;
  let isDown = true;
  let asked = 0;
  copy.hook = (_, when) => {
    if (when !== "before" || !isDown) return;
    asked += 1;
    throw new ArchiveError("store-unavailable", "injected: down");
  };
  const running = rig.start({ stores });
  await rig.send([0, 1]);
  const offset = await rig.send([2]);
  const archived = running.until(offset);
  while (asked < 3) await sleep(10);
  expect(stores.heads.objects.has(headKey(SHARD))).toBe(false);
  expect([...stores.records.objects.keys()].filter((key) => key.includes("/segment/"))).toEqual([]);

  isDown = false;
  await archived;
  await running.stop();
  expect(running.progress.status(SHARD).size).toBe(3);
  const bodies = (store: typeof copy) => [...store.objects].map(([key, { body }]) => [key, body]);
  expect(bodies(copy)).toEqual(bodies(stores.keyring));
});
