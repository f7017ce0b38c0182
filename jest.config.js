import { chmodSync, mkdtempSync, statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const cache = join(import.meta.dirname, "node_modules/.cache");

// What tests start finds its sources compiled, but for the first of a kind.
process.env.NODE_COMPILE_CACHE ??= join(cache, "daybook-test/compiled");

// Clusters, brokers and stores of tests write in memory where there is room for them: on a disk a third of a run goes
// on making and deleting files. DAYBOOK_TEST_FOLDER is what test/after.js deletes.
const inMemory = roomyMemory("/dev/shm", 8 * 1024 ** 3);
if (process.env.TMPDIR === undefined && inMemory !== undefined) {
  process.env.TMPDIR = mkdtempSync(join(inMemory, "db-"));
  process.env.DAYBOOK_TEST_FOLDER = process.env.TMPDIR;
  chmodSync(process.env.TMPDIR, 0o1777);
}

/** The folder, where it is in memory and has `bytes` to give. */
function roomyMemory(folder, bytes) {
  const TMPFS_MAGIC = 0x01021994; // linux/magic.h
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    return type === TMPFS_MAGIC && bavail * bsize >= bytes ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** @type {import("jest").Config} */
export default {
  testEnvironment: "<rootDir>/test/environment.js",
  cacheDirectory: join(cache, "jest"),
  testSequencer: "<rootDir>/test/sequence.js",
  globalTeardown: "<rootDir>/test/after.js",
  testMatch: ["<rootDir>/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "/.daybook/"],
  modulePathIgnorePatterns: ["<rootDir>/.daybook/"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2024" },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  transformIgnorePatterns: ["/node_modules/"],
  injectGlobals: true,
  // Tests wait about a third of their time: for a lock to lapse, a broker to come back, a browser to draw.
  // What suites leave behind goes with the worker, and costs less than collecting it (package.json: until 1 GiB nobody does).
  workerIdleMemoryLimit: "700MB",
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // A loaded machine takes several times as long as a quiet one: what hangs is to fail, and nothing else.
  testTimeout: 180_000,
};
