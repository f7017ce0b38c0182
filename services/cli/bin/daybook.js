#!/usr/bin/env node
// Runs the command line under the Node that npm installed beside it: the sources are TypeScript, which older
// ones do not read all of.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "../src/main.ts");
const installed = dirname(module.createRequire(import.meta.url).resolve("node/package.json"));
const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  // Beside what it is compiled from, where nobody else can write; who cannot write there either goes without.
  module.enableCompileCache(join(installed, "../.cache/daybook"));
  await import(main);
} else {
  const node = join(installed, "bin/node");
  if (!existsSync(node)) {
    process.stderr.write("daybook: Node 24 is missing beside this checkout: run `npm ci`\n");
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: inherited(),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}

/** Standard streams, and the descriptor of the passphrase under its own number. */
function inherited() {
  const stdio = ["inherit", "inherit", "inherit"];
  const passphrase = Number(process.env.DAYBOOK_PASSPHRASE_FD);
  if (Number.isInteger(passphrase) && passphrase > 2 && passphrase < 1_024) {
    while (stdio.length < passphrase) stdio.push("ignore");
    stdio.push(passphrase);
  }
  return stdio;
}
