import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { started } from "../../../test/started.ts";
import { openFolder } from "../src/building/stored-package.ts";
import { exporting } from "./support/asking.ts";
import { type Running, startEvidence } from "./support/running.ts";
import { message } from "./support/small-archive.ts";

const PROGRAM = join(import.meta.dirname, "programs/store-forever.ts");

let dir: string;
let evidence: Running | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-stored-"));
});
afterEach(async () => {
  await evidence?.stop();
  evidence = undefined;
  await rm(dir, { recursive: true });
});

describe("the folder of packages", () => {
  it("is made for its owner alone", async () => {
    await openFolder(join(dir, "a/b"));
    expect(spawnSync("stat", ["-c", "%a", join(dir, "a/b")]).stdout.toString()).toBe("700\n");
  });

  it("is emptied of packages alone at the start", async () => {
    await writeFile(join(dir, "00000000-0000-4000-8000-000000000000.package"), "left");
    await writeFile(join(dir, "mine.package"), "mine");
    await openFolder(dir);
    expect(await readdir(dir)).toEqual(["mine.package"]);
  });

  it("is refused where others may write, or where it is a link to elsewhere", async () => {
    await mkdir(join(dir, "open"));
    await chmod(join(dir, "open"), 0o770);
    await expect(openFolder(join(dir, "open"))).rejects.toMatchObject({ code: "unsafe-folder" });
    await symlink(join(dir, "open"), join(dir, "link"));
    await expect(openFolder(join(dir, "link"))).rejects.toMatchObject({ code: "unsafe-folder" });
  });
});

it("leaves after a crash only what nobody can read, which the next start removes", async () => {
  const child = spawn(process.execPath, [PROGRAM, dir], { stdio: ["ignore", "pipe", "inherit"] });
  await started(child);
  child.kill("SIGKILL");
  await once(child, "exit");
  const names = await readdir(dir);
  expect(names).toHaveLength(1);
  const bytes = await readFile(join(dir, names[0]!));
  expect(bytes.length).toBeGreaterThan(1024 * 1024);
  expect(bytes.includes("quorum")).toBe(false);

  evidence = await startEvidence({ packagesDir: dir });
  const officer = exporting(evidence.person("officer", "records-officer"));
  const { id } = await officer.ask();
  expect(await officer.built(id)).toMatchObject({ state: "built" });
  expect(await readdir(dir)).not.toContain(names[0]);
  await evidence.stop();
  evidence = undefined;
  expect(await readdir(dir)).toEqual([]);
});

/** A disk of 8 MiB, where one can be made. */
async function smallDisk(): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), "daybook-small-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", path]).status === 0) return path;
  await rmdir(path);
  return undefined;
}
const disk = await smallDisk();
if (!disk)
  console.warn("cannot mount a tmpfs here: a package on a full disk was not tried. Run as root on Linux.");
afterAll(async () => {
  if (!disk) return;
  spawnSync("umount", [disk]);
  await rm(disk, { recursive: true });
});

(disk ? it : it.skip)(
  "is told that the disk is full, leaves nothing there, and builds once there is room",
  async () => {
    const packagesDir = join(disk!, "packages");
    evidence = await startEvidence({ packagesDir });
    const officer = exporting(evidence.person("officer", "records-officer"));
    const { ref, key } = await evidence.archive.attach(randomBytes(5 * 1024 * 1024), "plan.bin");
    await evidence.archive.archive("0", [message({ text: "the plan", attachments: [ref] }, [key])]);
    await writeFile(join(disk!, "taken"), Buffer.alloc(6 * 1024 * 1024));
    const { id } = await officer.ask({ formats: ["records"] });

    expect(await officer.built(id)).toMatchObject({
      state: "failed",
      failure: { code: "disk-full", detail: "there is no room on the server's disk for the package" },
    });
    expect(await readdir(packagesDir)).toEqual([]);
    await rm(join(disk!, "taken"));
    expect(await officer.built(id)).toMatchObject({ state: "built", failure: null });
  },
);
