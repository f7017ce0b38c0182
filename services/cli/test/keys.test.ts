import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../src/error.ts";
import { KEY_FILES, openKeys } from "../src/up/keys.ts";
import { passphraseOf } from "../src/up/passphrase.ts";

const PASSPHRASE = "correct horse battery";
const given = (passphrase: string) => () => Promise.resolve(passphrase);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-keys-"));
});
afterEach(async () => rm(dir, { recursive: true }));

describe("the passphrase", () => {
  const from = async (content: string, first: boolean) => {
    const file = join(dir, "given");
    await writeFile(file, content);
    return passphraseOf(dir, { sample: false, first, env: { DAYBOOK_PASSPHRASE_FILE: file } });
  };

  it("is the first line of DAYBOOK_PASSPHRASE_FILE", async () => {
    expect(await from(`${PASSPHRASE}\nmore\n`, true)).toBe(PASSPHRASE);
  });

  it("is refused when it is chosen too short, and only then", async () => {
    await expect(from("elevenchars\n", true)).rejects.toThrow(
      new CliError("the passphrase needs at least 12 characters"),
    );
    expect(await from("twelve chars\n", true)).toBe("twelve chars");
    expect(await from("elevenchars\n", false)).toBe("elevenchars");
  });

  it("is a clear refusal when there is none and no terminal, or its file is missing", async () => {
    const tty = Object.getOwnPropertyDescriptor(process.stdin, "isTTY");
    Object.defineProperty(process.stdin, "isTTY", { value: false, configurable: true });
    try {
      const none = passphraseOf(dir, { sample: false, first: false, env: {} });
      await expect(none).rejects.toThrow(CliError);
      await expect(none).rejects.toThrow(/DAYBOOK_PASSPHRASE_FILE/);
    } finally {
      if (tty) Object.defineProperty(process.stdin, "isTTY", tty);
      else Reflect.deleteProperty(process.stdin, "isTTY");
    }
    const env = { DAYBOOK_PASSPHRASE_FILE: join(dir, "nowhere") };
    await expect(passphraseOf(dir, { sample: false, first: false, env })).rejects.toThrow(CliError);
  });
});

describe("a home's keys", () => {
  it("are made as three files of mode 0600, and open again", async () => {
    const made = await openKeys(dir, given(PASSPHRASE));
    expect(made.created).toBe(true);
    expect((await readdir(dir)).sort()).toEqual(Object.values(KEY_FILES).sort());
    for (const name of Object.values(KEY_FILES)) {
      expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    }
    const opened = await openKeys(dir, given(PASSPHRASE));
    expect(opened.created).toBe(false);
    expect(opened.service).toEqual(made.service);
  });

  it("do not lie in the file in plain", async () => {
    const { service } = await openKeys(dir, given(PASSPHRASE));
    const file = await readFile(join(dir, KEY_FILES.service));
    expect(file.includes("naming")).toBe(false);
    for (const key of [
      service.naming,
      service.tokens,
      service.log,
      service.registry,
      service.lines,
      service.scope,
    ]) {
      expect(file.includes(key)).toBe(false);
      expect(file.includes(Buffer.from(key, "base64"))).toBe(false);
    }
    for (const { privateKey } of service.ingest) expect(file.includes(privateKey)).toBe(false);
  });

  it("refuse a wrong passphrase and keep the files", async () => {
    await openKeys(dir, given(PASSPHRASE));
    const before = await readFile(join(dir, KEY_FILES.service));
    await expect(openKeys(dir, given("another passphrase"))).rejects.toThrow(CliError);
    expect(await readFile(join(dir, KEY_FILES.service))).toEqual(before);
  });

  it("name all files when one is missing, and make none anew", async () => {
    await openKeys(dir, given(PASSPHRASE));
    await unlink(join(dir, KEY_FILES.public));
    const opening = openKeys(dir, given(PASSPHRASE));
    await expect(opening).rejects.toThrow(CliError);
    await expect(opening).rejects.toThrow(Object.values(KEY_FILES).join(", "));
    expect(await readdir(dir)).toHaveLength(2);
  });
});
