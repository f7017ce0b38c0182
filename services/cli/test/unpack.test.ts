import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { CliError } from "../src/error.ts";
import { unpack } from "../src/unpack.ts";

let root: string;
let inside: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "daybook-unpack-"));
  inside = join(root, "inside");
  await mkdir(inside);
});
afterEach(async () => rm(root, { recursive: true }));

/** Writes a ZIP; yazl refuses hostile names, so `name` takes the place of one of the same length. */
async function zipped(name: string, mode = 0o100644): Promise<string> {
  const zip = new ZipFile();
  const harmless = "n".repeat(name.length);
  zip.addBuffer(Buffer.from("content"), harmless, { mode, compress: false });
  zip.end();
  const bytes = await buffer(zip.outputStream);
  const path = join(inside, "a.zip");
  await writeFile(path, Buffer.from(bytes.toString("latin1").replaceAll(harmless, name), "latin1"));
  return path;
}

describe("unpacking a package", () => {
  it("puts the one folder's files in the directory", async () => {
    await unpack(await zipped("pack/data/a.txt"), join(inside, "out"), "pack");
    expect(await readFile(join(inside, "out/data/a.txt"), "utf8")).toBe("content");
  });

  it.each([
    ["a name above the folder", "../x", undefined],
    ["a name that leaves the folder", "pack/../../x", undefined],
    ["an absolute name", "/pack/x", undefined],
    ["a name with a backslash", "pack\\..\\x", undefined],
    ["another folder", "other/x", undefined],
    ["a folder of a longer name", "package/x", undefined],
    ["a symbolic link", "pack/link", 0o120777],
  ])("refuses %s and writes nothing", async (_what, name, mode) => {
    const zip = await zipped(name, mode);
    await expect(unpack(zip, join(inside, "out"), "pack")).rejects.toThrow(CliError);
    expect(await readdir(root)).toEqual(["inside"]);
    expect((await readdir(inside)).sort()).toEqual(["a.zip", "out"]);
    expect(await readdir(join(inside, "out"))).toEqual([]);
  });
});
