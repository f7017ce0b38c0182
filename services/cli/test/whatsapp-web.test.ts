import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import type { Home } from "@daybook/compose";
import { createLogger } from "@daybook/runtime";
import { connectorsOf } from "../src/up/connectors.ts";
import { type Keys, openKeys } from "../src/up/keys.ts";

const BIN = resolve(import.meta.dirname, "../bin/daybook.js");
const PASSPHRASE = "correct horse battery";
const silent = createLogger("test", "error", { stream: new PassThrough() });

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-cli-web-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** Runs the command line to its end, where no command but Node is to be found. */
function daybook(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: unknown; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [BIN, ...args], { env: { PATH: dir, ...env } }, (error, _out, stderr) =>
      done({ code: error?.code ?? 0, stderr }),
    );
  });
}

describe("a home that captures officials' own WhatsApp", () => {
  const open = () => openKeys(join(dir, "keys"), () => Promise.resolve(PASSPHRASE));
  const capturing = async (keys: Keys, more: object = {}) => {
    const chromium = join(dir, "chromium");
    await writeFile(chromium, "#!/bin/sh\necho Chromium 156.0.0.0\n");
    await chmod(chromium, 0o755);
    const given = { host: "127.0.0.1", whatsappWeb: true, chromium, ...more };
    return connectorsOf(given, { dir } as Home, keys, () => silent);
  };
  beforeEach(() => mkdir(join(dir, "keys")));

  it("makes the key of their sessions once, and keeps it beside the others", async () => {
    const before = await open();
    expect(before.service.whatsappWeb).toBeUndefined();
    const { keys, live } = await capturing(before);
    const { whatsappWeb } = keys.service;

    expect(Buffer.from(whatsappWeb!, "base64")).toHaveLength(32);
    expect(live).toMatchObject([
      { name: "whatsapp-web", links: { network: "whatsapp", method: "linked-device" } },
    ]);
    const again = await open();
    expect(again.service).toEqual({ ...before.service, whatsappWeb });
    expect((await capturing(again)).keys.service.whatsappWeb).toBe(whatsappWeb);
  });

  it("makes none where there is no Chromium", async () => {
    await expect(capturing(await open(), { chromium: join(dir, "nowhere") })).rejects.toThrow(
      "WhatsApp Web needs Chromium",
    );
    expect((await open()).service.whatsappWeb).toBeUndefined();
  });

  it.each([{ chromium: "/usr/bin/chromium" }, { chromiumArg: ["--x"] }, { whatsappRelay: ["1@c.us"] }])(
    "is not what %j alone asks for",
    async (given) => {
      const asked = connectorsOf(
        { host: "127.0.0.1", ...given },
        { dir } as Home,
        await open(),
        () => silent,
      );

      await expect(asked).rejects.toThrow("--whatsapp-web");
    },
  );
});

describe("the command line", () => {
  it("says in one line what to install where there is no Chromium", async () => {
    const file = join(dir, "passphrase");
    await writeFile(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const up = ["up", "--home", join(dir, "home"), "--port", "0", "--json", "--whatsapp-web"];
    const { code, stderr } = await daybook(up, { DAYBOOK_PASSPHRASE_FILE: file });

    expect(code).toBe(1);
    const said = stderr.split("\n").filter((line) => line.startsWith("daybook"));
    expect(said).toEqual([expect.stringContaining("on Debian, apt-get install chromium")]);
  });

  it("names each setting of WhatsApp Web that is missing or wrong, and no value", async () => {
    const env = {
      DAYBOOK_CONNECTORS: "whatsapp-web",
      DAYBOOK_WHATSAPP_WEB_RUNNING_PATH: "somewhere-secret",
      DAYBOOK_WHATSAPP_WEB_CHROMIUM: "somewhere-secret",
      DAYBOOK_WHATSAPP_WEB_MEMORY_MIB: "17",
      DAYBOOK_WHATSAPP_WEB_QUIET_HOUR: "24",
      DAYBOOK_WHATSAPP_WEB_KEY: "somewhere-secret",
    };
    const { code, stderr } = await daybook(["run", "capture", "--check"], env);

    expect(code).toBe(1);
    for (const name of Object.keys(env).slice(1)) expect(stderr).toContain(name);
    expect(stderr).not.toContain("somewhere-secret");
  });
});
