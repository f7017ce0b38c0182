#!/usr/bin/env node
// Runs the command line under the Node that npm installed beside it: the sources are TypeScript, which older
// ones do not read all of.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "../src/main.ts");
const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  await import(main);
} else {
  const installed = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
  if (!existsSync(installed)) {
    process.stderr.write("daybook: Node 24 is missing beside this checkout: run `npm ci`\n");
    process.exit(1);
  }
  const child = spawn(installed, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}
