// A process that stores a package which never ends, to be killed: says `begun` on stdout when bytes are on the disk.
import { setTimeout as sleep } from "node:timers/promises";
import { openFolder, storePackage } from "../../src/building/stored-package.ts";

const dir = process.argv[2] ?? "";
await openFolder(dir);
let told = false;
await storePackage(
  dir,
  async (out) => {
    for (;;) {
      out.write(Buffer.alloc(256 * 1024, "the quorum is settled "));
      await sleep(10);
    }
  },
  {
    signal: new AbortController().signal,
    onBytes(bytes) {
      if (told || bytes < 4 * 1024 * 1024) return;
      told = true;
      process.stdout.write("begun\n");
    },
  },
);
