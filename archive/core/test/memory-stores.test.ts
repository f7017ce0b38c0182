import {
  describeLockedStore,
  describeMutableStore,
  MemoryLockedStore,
  MemoryMutableStore,
} from "../testing/index.ts";

describeLockedStore("memory", async () => {
  let ms = Date.now();
  const now = () => new Date(ms);
  const store = new MemoryLockedStore(now);
  return { store, now, advance: (by) => void (ms += by), reopen: async () => store };
});

describeMutableStore("memory", async () => {
  const store = new MemoryMutableStore();
  return { store, reopen: async () => store };
});
