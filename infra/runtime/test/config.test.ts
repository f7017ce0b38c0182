import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { z } from "zod";
import { readConfig, RuntimeError, Secret, secret } from "../src/index.ts";

const directory = mkdtempSync(join(tmpdir(), "daybook-config-"));
afterAll(() => rmSync(directory, { recursive: true }));

const shape = {
  PORT: z.coerce.number().int().min(1).default(4000),
  BUCKET: z.string(),
  KEY: secret(),
};

function failure(env: NodeJS.ProcessEnv): RuntimeError {
  try {
    readConfig(shape, env);
  } catch (err) {
    if (err instanceof RuntimeError) return err;
  }
  throw new Error("nothing was thrown");
}

describe("readConfig", () => {
  it("reads settings, with defaults, and nothing that it does not know", () => {
    const config = readConfig(shape, { BUCKET: "b", KEY: "k", HOME: "/root" });

    expect(Object.keys(config)).toEqual(["PORT", "BUCKET", "KEY"]);
    expect(config.PORT).toBe(4000);
    expect(config.KEY.reveal()).toBe("k");
  });

  it("reads a setting from the file that NAME_FILE names, without the line's end", () => {
    const file = join(directory, "key");
    writeFileSync(file, "from a file\n", { mode: 0o400 });

    expect(readConfig(shape, { BUCKET: "b", KEY: "from the environment", KEY_FILE: file }).KEY.reveal()).toBe(
      "from a file",
    );
  });

  it.each([0o440, 0o400, 0o600])("takes a secret from a file of mode %o", (mode) => {
    const file = join(directory, `key-${mode}`);
    writeFileSync(file, "k", { mode });
    chmodSync(file, mode);
    expect(readConfig(shape, { BUCKET: "b", KEY_FILE: file }).KEY.reveal()).toBe("k");
  });

  it.each([0o444, 0o460, 0o402, 0o401])("refuses a secret from a file of mode %o, and names it", (mode) => {
    const file = join(directory, `loose-${mode}`);
    writeFileSync(file, "k");
    chmodSync(file, mode);
    expect(failure({ BUCKET: "b", KEY_FILE: file }).message).toMatch(/KEY: others may read or change/);
  });

  it("takes what is no secret from a file that others may read", () => {
    const file = join(directory, "bucket");
    writeFileSync(file, "b", { mode: 0o644 });
    chmodSync(file, 0o644);
    expect(readConfig(shape, { BUCKET_FILE: file, KEY: "k" }).BUCKET).toBe("b");
  });

  it("refuses a file that is too large to be a setting", () => {
    const file = join(directory, "large");
    writeFileSync(file, "x".repeat(1024 * 1024 + 1));
    expect(failure({ BUCKET_FILE: file, KEY: "k" }).message).toMatch(/BUCKET: the file/);
  });

  it("tells slips of the pen from what is not its own", () => {
    const env = { BUCKET: "b", KEY: "k", HOME: "/", BUKET: "c", OTHER_FILE: "/x" };
    const known = (name: string) => ["BUCKET", "KEY", "OTHER", "HOME"].includes(name);
    expect(() => readConfig(shape, env, { known })).toThrow(/^invalid configuration: BUKET: is no setting$/);
  });

  it("says what does not go together, beside everything else", () => {
    const problemsOf = () => ["PORT: does not go with BUCKET"];
    expect(() => readConfig(shape, { BUCKET: "b", KEY: "k" }, { problemsOf })).toThrow(/PORT: does not go/);
  });

  it("names everything that is missing or wrong, at once", () => {
    const { code, message } = failure({ PORT: "0", KEY_FILE: join(directory, "none"), BUCKET: "" });

    expect(code).toBe("invalid-configuration");
    expect(
      message
        .replace("invalid configuration: ", "")
        .split("; ")
        .map((problem) => problem.split(":")[0])
        .sort(),
    ).toEqual(["BUCKET", "KEY", "PORT"]);
  });

  it("never repeats a value", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[g-z]{12,20}$/), (value) => {
        expect(failure({ PORT: value, KEY: value }).message).not.toContain(value);
      }),
    );
  });
});

describe("Secret", () => {
  it.each([
    ["JSON", (value: unknown) => JSON.stringify({ value })],
    ["inspect", (value: unknown) => inspect({ value })],
    ["a template", (value: unknown) => `<${value as string}>`],
    ["concatenation", (value: unknown) => "<" + (value as string)],
    ["its entries", (value: unknown) => JSON.stringify(Object.entries(value as object))],
    [
      "a hidden inspection",
      (value: unknown) => inspect(value, { showHidden: true, customInspect: false, getters: true }),
    ],
  ])("does not show in %s", (_, print) => {
    expect(print(new Secret("hunter2"))).not.toContain("hunter2");
  });
});
