import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { errorLine } from "../src/failure.ts";
import { readPrivateSettings } from "../src/up/private-settings.ts";

const settings = z.strictObject({
  number: z.string().regex(/^\+\d+$/, "must be a number with its country"),
  password: z.string(),
});
const SECRET = "a-secret-that-is-told-nobody";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-settings-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function written(content: string, mode = 0o600): Promise<string> {
  const path = join(dir, "sms.json");
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function refusal(path: string): Promise<string> {
  const error: unknown = await readPrivateSettings(path, "official numbers", settings).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { line, exitCode } = errorLine(error);
  expect(exitCode).toBe(1);
  expect(line).not.toContain(SECRET);
  return line;
}

const json = (more: object) => JSON.stringify({ number: "+44", password: SECRET, ...more });

describe("a file of settings", () => {
  it.each([
    ["that is empty", "", "is not JSON: it is empty"],
    [
      "that breaks off",
      `{\n  "number": "+44",\n  "password": "${SECRET}"\n  "more": 1\n}`,
      "is not JSON: look at line 4, column 3",
    ],
    ["of another kind", "\u0000\u0001", "is not JSON: see its quotes, commas and brackets"],
    ["without a setting", json({ number: undefined }), "is wrong at: number (is missing)"],
    ["with a wrong one", json({ number: SECRET }), "is wrong at: number (must be a number with its country)"],
    [
      "with one that is misspelt",
      json({ pasword: SECRET }),
      "is wrong at: the file as a whole (knows no pasword)",
    ],
  ])("%s is refused, and says where and why, and no value", async (_, content, why) => {
    expect(await refusal(await written(content))).toBe(`the file of official numbers ${why}`);
  });

  it("that is not there, is a directory, or is open to others is named", async () => {
    const none = join(dir, "none.json");
    expect(await refusal(none)).toBe(`the file of official numbers is not there: ${none}`);
    const folder = join(dir, "folder");
    await mkdir(folder);
    expect(await refusal(folder)).toBe(`the file of official numbers is no file: ${folder}`);
    const open = await written(json({}), 0o644);
    expect(await refusal(open)).toBe(`others may read the file of official numbers: chmod 0600 ${open}`);
  });
});
