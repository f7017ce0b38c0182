import { execFile, spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { SampleArchive, sampleDepartment, sampleEvent } from "@daybook/package/testing";
import { scratch, scratchForAll, written } from "./packages.ts";

const run = promisify(execFile);
const goSource = resolve(import.meta.dirname, "../../../test/go-verifier");

/** Says loudly that a tool is not here. */
function has(tool: string): boolean {
  const found = spawnSync(tool, [tool === "go" ? "version" : "--version"]).status === 0;
  if (!found) console.warn(`SKIPPED: ${tool} is not installed, so its part of these tests did not run`);
  return found;
}
const withSums = has("sha256sum") ? it : it.skip;
const withGpg = has("gpg") ? it : it.skip;
const withGo = has("go") ? describe : describe.skip;
const withUnzip = spawnSync("unzip", ["-v"]).status === 0 ? it : it.skip;

async function idsOf(path: string): Promise<string[]> {
  const keys = await readFile(join(path, "data/session-keys.csv"), "utf8");
  return keys
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(0, 32));
}

describe("a package, to tools that Daybook did not write", () => {
  withSums("is a bag that sha256sum accepts, and refuses when a byte differs", async () => {
    const path = await written();
    const check = () =>
      run("sha256sum", ["--check", "--strict", "--quiet", "manifest-sha256.txt", "tagmanifest-sha256.txt"], {
        cwd: path,
      });
    await expect(check()).resolves.toMatchObject({ stdout: "" });

    await writeFile(join(path, "data/README.txt"), "another");
    await expect(check()).rejects.toMatchObject({ code: 1 });
  });

  withGpg("holds sealed records that gpg opens with their session keys to exactly the records", async () => {
    const path = await written();
    const home = await scratch();
    const keys = (await readFile(join(path, "data/session-keys.csv"), "utf8")).trimEnd().split("\n");
    for (const line of keys) {
      const [id, key] = line.split(",") as [string, string];
      const { stdout } = await run(
        "gpg",
        [
          "--homedir",
          home,
          "--batch",
          "--quiet",
          "--override-session-key",
          key,
          "--decrypt",
          join(path, `data/sealed/${id}.pgp`),
        ],
        { encoding: "buffer" },
      );
      expect(Buffer.compare(stdout, await readFile(join(path, `data/records/${id}.json`)))).toBe(0);
    }
  });

  withGpg("says in its README.txt what works, word for word", async () => {
    const path = await written();
    const home = await scratch();
    const readMe = await readFile(join(path, "data/README.txt"), "utf8");
    const [id] = (await idsOf(path)) as [string];
    const commands = readMe
      .split("\n")
      .filter((line) => /^ {3}(?:sha256sum|ID=|KEY=|gpg|cat) ?/.test(line))
      .map((line) => line.trim().replace("ID=...", `ID=${id}`));
    expect(commands).toHaveLength(8);
    const { stdout } = await run("sh", ["-euc", commands.join("\n")], {
      cwd: path,
      env: { ...process.env, GNUPGHOME: home },
    });
    const leaf = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as { rec: string; ct: string };

    expect(stdout).toContain(`${leaf.rec}  data/records/${id}.json`);
    expect(stdout).toContain(`${leaf.ct}  data/sealed/${id}.pgp`);
  });

  withUnzip("is a ZIP that unzip finds nothing wrong with", async () => {
    await expect(run("unzip", ["-tq", await written({ zip: true })])).resolves.toBeDefined();
  });
});

withGo("a package and a log, to Go's x/mod/sumdb", () => {
  let verifier: string;
  beforeAll(async () => {
    verifier = join(await scratchForAll(), "go-verifier");
    await run("go", ["build", "-o", verifier, "."], { cwd: goSource });
  }, 300_000);

  it("is a package whose every leaf is in its log", async () => {
    const path = await written();

    expect((await run(verifier, ["package", path])).stdout).toBe("ok: 17 leaves, 16 records, 3 logs\n");
  });

  it.each([
    { name: "a record", file: /^records\// },
    { name: "a sealed record", file: /^sealed\// },
    { name: "a leaf", file: /^leaves\// },
    { name: "a proof", file: /^proofs\// },
    { name: "a checkpoint", file: /^logs\/0\/checkpoint/ },
    { name: "a key", file: /^logs\/0\/vkey/ },
  ])("is refused when one bit of $name is flipped", async ({ file }) => {
    const path = await written();
    const [id] = (await idsOf(path)) as [string];
    const names = [
      "records/ID.json",
      "sealed/ID.pgp",
      "leaves/ID.leaf",
      "proofs/ID.tlog-proof",
      "logs/0/checkpoint",
      "logs/0/vkey",
    ];
    const target = join(path, "data", names.find((name) => file.test(name))!.replace("ID", id));
    const bytes = await readFile(target);
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    await writeFile(target, bytes);

    await expect(run(verifier, ["package", path])).rejects.toMatchObject({ code: 1 });
  });

  it.each([1, 255, 256, 257, 600, 66_000])("is a log of %d entries, tiles and all", async (size) => {
    const archive = new SampleArchive();
    const id = archive.add("0", sampleEvent());
    archive.repeat("0", id, size - 1);
    const { dir, vkey } = await logOf(archive);

    expect((await run(verifier, ["log", dir, vkey])).stdout).toBe(`ok: ${size} entries\n`);
  });

  it.each([
    "tile/0/000",
    "tile/0/001.p/44",
    "tile/1/000.p/1",
    "tile/entries/000",
    "tile/entries/001.p/44",
    "checkpoint",
  ])("is refused when one bit of %s is flipped", async (file) => {
    const archive = new SampleArchive();
    archive.repeat("0", archive.add("0", sampleEvent()), 299);
    const { dir, vkey } = await logOf(archive);
    const bytes = await readFile(join(dir, file));
    bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30);
    await writeFile(join(dir, file), bytes);

    await expect(run(verifier, ["log", dir, vkey])).rejects.toMatchObject({ code: 1 });
  });

  it("is refused under the key of another archive", async () => {
    const { dir } = await logOf(sampleDepartment());
    const { vkey } = sampleDepartment({ seed: "other" }).checkpoint("0");

    await expect(run(verifier, ["log", dir, vkey])).rejects.toMatchObject({ code: 1 });
  });
});

async function logOf(archive: SampleArchive): Promise<{ dir: string; vkey: string }> {
  const dir = await scratch();
  for (const { path, bytes } of archive.logFiles("0")) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), bytes);
  }
  return { dir, vkey: archive.checkpoint("0").vkey };
}
