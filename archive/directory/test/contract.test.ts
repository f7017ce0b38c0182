import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeLockedStore, describeMutableStore } from "@daybook/archive-core/testing";
import { openDirectoryStores } from "@daybook/directory";

async function setUp() {
  const home = await mkdtemp(join(tmpdir(), "directory-"));
  let ms = Date.now();
  const open = () =>
    openDirectoryStores({
      objects: join(home, "objects"),
      heads: join(home, "heads"),
      keyring: join(home, "keyring"),
      now: () => new Date(ms),
    });
  return {
    open,
    now: () => new Date(ms),
    advance: (by: number) => void (ms += by),
    close: () => rm(home, { recursive: true }),
  };
}

describeLockedStore("a directory", async () => {
  const { open, ...rest } = await setUp();
  return { ...rest, store: (await open()).records, reopen: async () => (await open()).records };
});

describeMutableStore("a directory", async () => {
  const { open, close } = await setUp();
  return { close, store: (await open()).keyring, reopen: async () => (await open()).keyring };
});
