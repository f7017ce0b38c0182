import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

const bin = resolve(import.meta.dirname, "../bin/daybook.js");
const old = olderNode();
if (!old) console.warn("there is no Node before 24 on the PATH: launching under one was not tried.");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "launcher-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe.each([
  ["the Node that npm installed", process.execPath],
  ["an older Node", old],
])("the command under %s", (_name, node) => {
  (node ? it : it.skip)(
    "reads the passphrase from the descriptor that it was given, and ends when told to",
    async () => {
      const file = join(dir, "passphrase");
      await writeFile(file, "correct horse battery staple\n", { mode: 0o600 });
      const passphrase = await open(file);
      const server = spawn(node!, [bin, "up", "--home", join(dir, "home"), "--port", "0", "--json"], {
        env: { PATH: process.env.PATH, DAYBOOK_PASSPHRASE_FD: "5" },
        stdio: ["ignore", "pipe", "pipe", "ignore", "ignore", passphrase.fd],
      });
      let said = "";
      server.stdout!.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("\n")) server.kill("SIGTERM");
      });
      server.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const ended = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
        server.once("close", (code, signal) => done([code, signal])),
      );
      await passphrase.close();

      expect(said).toContain('"sample":false');
      expect(ended).toEqual([0, null]);
    },
  );
});

function olderNode(): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((part) => join(part, "node"))
    .find((path) => existsSync(path) && Number(/^v(\d+)/.exec(version(path))?.[1]) < 24);
}

function version(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8" });
}
