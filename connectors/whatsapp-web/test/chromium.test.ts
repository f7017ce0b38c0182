import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumArgs, findChromium, userAgent } from "../src/chromium.ts";

let dir: string;
const { PATH } = process.env;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-chromium-"));
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(dir, { recursive: true });
});
const program = (name: string, does: string) => {
  writeFileSync(join(dir, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  return join(dir, name);
};

it("says in one line what to install where there is none", async () => {
  process.env.PATH = dir;
  const refused = {
    name: "WebError",
    code: "no-chromium",
    message: expect.stringMatching(/^.*apt-get install chromium$/) as unknown,
  };
  await expect(findChromium()).rejects.toMatchObject(refused);
  await expect(findChromium(join(dir, "none"))).rejects.toMatchObject(refused);
});

it("refuses what does not start, and what is no browser", async () => {
  await expect(findChromium(program("broken", "exit 1"))).rejects.toMatchObject({ code: "no-chromium" });
  await expect(findChromium(program("other", "echo hello"))).rejects.toMatchObject({ code: "no-chromium" });
});

it("is found among the commands, with its version", async () => {
  const path = program("chromium-browser", "echo Chromium 156.0.8078.79 built on Debian");
  process.env.PATH = `/nowhere:${dir}`;
  const found = await findChromium();

  expect(found).toEqual({ path, version: "156.0.8078.79" });
  expect(userAgent(found)).toContain("Chrome/156.0.0.0 ");
  expect(userAgent(found)).not.toContain("Headless");
});

it("shuts its pages in unless it is told that it cannot", () => {
  expect(chromiumArgs(true)).not.toContain("--no-sandbox");
  expect(chromiumArgs(false)).toContain("--no-sandbox");
});
