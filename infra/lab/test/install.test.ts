import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GO_PROGRAMS, type GoProgram, installGoProgram } from "../src/install.ts";

const program: GoProgram = { name: "tool-server", package: "example.org/tool/cmd/server", version: "v1.0.0" };

let dir: string;
let env: NodeJS.ProcessEnv;

/** A `go` that builds: what it makes is named by the package's last part, as with the real one. */
async function fakeGo(script: string): Promise<void> {
  await writeFile(join(dir, "go"), `#!/bin/sh\necho "$*" >>${dir}/calls\n${script}\n`, { mode: 0o755 });
}
const BUILDS = 'echo "$2" >"$GOBIN/server"';
const calls = async () => (await readFile(join(dir, "calls"), "utf8")).trim().split("\n");
const inCache = async () => (await readdir(join(dir, "cache"), { recursive: true })).sort();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lab-install-"));
  env = { PATH: `${dir}:/usr/bin:/bin`, DAYBOOK_LAB: join(dir, "cache") };
});
afterEach(() => rm(dir, { recursive: true }));

it("pins every version", () => {
  for (const { version } of GO_PROGRAMS) expect(version).toMatch(/^v\d+\.\d+\.\d+/);
});

it("builds once, under the name that the lab looks for", async () => {
  await fakeGo(BUILDS);

  expect(await installGoProgram(program, { env })).toBe(true);
  expect(await installGoProgram(program, { env })).toBe(false);
  expect(await calls()).toEqual(["install example.org/tool/cmd/server@v1.0.0"]);
  expect(await inCache()).toEqual(["bin", "bin/tool-server", "bin/tool-server.version"]);
});

it("builds into the lab's cache alone, with the toolchain that is there", async () => {
  await fakeGo(`echo "$GOPATH $GOCACHE $GOTOOLCHAIN" >"$GOBIN/server"`);
  await installGoProgram(program, { env });

  const cache = join(dir, "cache");
  const built = await readFile(join(cache, "bin/tool-server"), "utf8");
  expect(built).toBe(`${cache}/go ${cache}/go-build local\n`);
});

it("builds another version over the one that is there", async () => {
  await fakeGo(BUILDS);
  await installGoProgram(program, { env });

  expect(await installGoProgram({ ...program, version: "v1.0.1" }, { env })).toBe(true);
  expect(await readFile(join(dir, "cache/bin/tool-server"), "utf8")).toContain("@v1.0.1");
});

it("builds again what has gone, or what a build that was broken off left without its version", async () => {
  await fakeGo(BUILDS);
  for (const gone of ["tool-server", "tool-server.version"]) {
    await installGoProgram(program, { env });
    await rm(join(dir, "cache/bin", gone));

    expect(await installGoProgram(program, { env })).toBe(true);
  }
});

it("keeps the program that is there when another version cannot be built", async () => {
  await fakeGo(BUILDS);
  await installGoProgram(program, { env });
  await fakeGo('echo half >"$GOBIN/server"; exit 1');

  await expect(installGoProgram({ ...program, version: "v1.0.1" }, { env })).rejects.toThrow(
    "go install failed: nothing was said",
  );
  expect(await installGoProgram(program, { env })).toBe(false);
  expect(await inCache()).toEqual(["bin", "bin/tool-server", "bin/tool-server.version"]);
});

it.each([
  [
    "go: x: dial tcp: lookup proxy.example.org on 127.0.0.1:53: no such host",
    "GOPROXY is wrong: dial tcp: lookup",
  ],
  ["go: example.org/tool@v1.0.0 requires go >= 1.30 (running go 1.19)", "a newer Go is missing"],
  ['go: errors parsing go.mod: invalid go version "1.25.0": must match format 1.23', "a newer Go is missing"],
  ["tool.go:1:1: undefined: x", "go install failed: tool.go:1:1"],
])("says what is missing when go says %j", async (said, says) => {
  await fakeGo(`echo '${said}' >&2; exit 1`);

  await expect(installGoProgram(program, { env })).rejects.toThrow(says);
});

it("says that go is missing", async () => {
  env.PATH = dir;

  await expect(installGoProgram(program, { env })).rejects.toThrow("go is missing: install Go");
});

it("ends the build when it is stopped, and leaves nothing of it", async () => {
  await fakeGo(`touch ${dir}/started; exec sleep 60`);
  const stopping = new AbortController();
  const installing = installGoProgram(program, { env, signal: stopping.signal });
  while (!existsSync(join(dir, "started"))) await sleep(10);
  stopping.abort();

  await expect(installing).rejects.toThrow("aborted");
  expect(await inCache()).toEqual(["bin"]);
});
