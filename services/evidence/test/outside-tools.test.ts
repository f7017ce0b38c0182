import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzip } from "@daybook/package/testing";
import { exporting } from "./support/asking.ts";
import { type Running, startEvidence } from "./support/running.ts";
import { keyPairs, message } from "./support/small-archive.ts";

const run = promisify(execFile);

const tools = ["gpg", "sha256sum"].filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
if (tools.length > 0)
  console.warn(`SKIPPED: ${tools.join()} not installed, so no built package was checked with them`);

let dir: string;
let evidence: Running;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-tools-"));
  await mkdir(join(dir, "gpg"), { mode: 0o700 });
  evidence = await startEvidence();
});
afterEach(async () => {
  await evidence.stop();
  spawnSync("gpgconf", ["--homedir", join(dir, "gpg"), "--kill", "all"]);
  await rm(dir, { recursive: true });
});

const gpg = (...args: string[]) =>
  run("gpg", ["--homedir", join(dir, "gpg"), "--batch", "--quiet", "--yes", ...args], { encoding: "buffer" });

(tools.length === 0 ? it : it.skip)(
  "a built package opens with gpg for its recipient, and is what sha256sum and gpg accept",
  async () => {
    const [, recipient] = await keyPairs();
    await evidence.archive.archive("0", [message({ text: "the quorum is settled" })]);
    const officer = exporting(evidence.person("officer", "records-officer"));
    const { id } = await officer.ask({ recipient: recipient!.armored.public });
    const { package: built } = await officer.built(id);
    const sealed = join(dir, built!.file);
    await writeFile(sealed, await officer.take(id));
    const { stdout: sums } = await run("sha256sum", [built!.file], { cwd: dir });
    expect(sums).toBe(`${built!.sha256}  ${built!.file}\n`);

    await writeFile(join(dir, "private.asc"), recipient!.armored.private);
    const passphrase = ["--pinentry-mode", "loopback", "--passphrase", "Recipient"];
    await gpg(...passphrase, "--import", join(dir, "private.asc"));
    await gpg(...passphrase, "--output", join(dir, "papers.zip"), "--decrypt", sealed);
    for (const [name, bytes] of await unzip(await readFile(join(dir, "papers.zip")))) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), bytes);
    }
    const folder = join(dir, "papers");
    const manifests = ["manifest-sha256.txt", "tagmanifest-sha256.txt"];
    await run("sha256sum", ["--check", "--strict", "--quiet", ...manifests], { cwd: folder });
    const keys = (await readFile(join(folder, "data/session-keys.csv"), "utf8")).trimEnd().split("\n");
    expect(keys).toHaveLength(2);
    for (const line of keys) {
      const [record, key] = line.split(",") as [string, string];
      const packet = join(folder, `data/sealed/${record}.pgp`);
      const { stdout } = await gpg("--override-session-key", key, "--decrypt", packet);
      expect(stdout.equals(await readFile(join(folder, `data/records/${record}.json`)))).toBe(true);
    }
  },
);
