import { availableParallelism } from "node:os";
import { join } from "node:path";

// What tests start finds its sources compiled, but for the first of a kind.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/daybook-test/compiled");

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
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
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // A loaded machine takes several times as long as a quiet one: what hangs is to fail, and nothing else.
  testTimeout: 180_000,
};
