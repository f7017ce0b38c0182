import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CARGO_PROGRAMS, installCargoProgram } from "../src/cargo-install.ts";

const program = { name: "tool", version: "1.0.0" };

let dir: string;
let env: NodeJS.ProcessEnv;

/** A `cargo` that makes what it is told to, or fails. */
async function fakeCargo(script: string): Promise<void> {
  await writeFile(
    join(dir, "cargo"),
    `#!/bin/sh\necho "$*" | sed 's/ --root.*//' >>${dir}/calls\n${script}\n`,
    {
      mode: 0o755,
    },
  );
}
const BUILDS = 'for root; do :; done; mkdir -p "$root/bin" && echo "$4" >"$root/bin/$2"';
const inCache = async () => (await readdir(join(dir, "cache"), { recursive: true })).sort();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lab-cargo-"));
  env = { PATH: `${dir}:/usr/bin:/bin`, DAYBOOK_LAB: join(dir, "cache") };
});
afterEach(() => rm(dir, { recursive: true }));

it("pins every version", () => {
  for (const { version } of CARGO_PROGRAMS) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

it("builds once, as its author locked it, and again in another version", async () => {
  await fakeCargo(BUILDS);

  expect(await installCargoProgram(program, { env })).toBe(true);
  expect(await installCargoProgram(program, { env })).toBe(false);
  expect(await installCargoProgram({ ...program, version: "1.0.1" }, { env })).toBe(true);
  expect((await readFile(join(dir, "calls"), "utf8")).trim().split("\n")).toEqual([
    "install tool --version 1.0.0 --locked --quiet",
    "install tool --version 1.0.1 --locked --quiet",
  ]);
  expect(await inCache()).toEqual(["bin", "bin/tool", "bin/tool.version"]);
});

it("says what is missing, and leaves nothing", async () => {
  await expect(installCargoProgram(program, { env })).rejects.toThrow("cargo is missing");
  await fakeCargo('echo "error: package requires rustc 1.90 or newer" >&2; exit 101');
  await expect(installCargoProgram(program, { env })).rejects.toThrow("requires rustc 1.90");
  expect(await inCache()).toEqual(["bin"]);
});
