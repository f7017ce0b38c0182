import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enrolMacAgent, macMessagesReader, runMacAgent } from "@daybook/imessage";
import { type Authority, type Certified, makeAuthority } from "@daybook/lab";
import { createLogger, listen, Secret } from "@daybook/runtime";
import { PassThrough } from "node:stream";
import { at, ChatDb, FERGUS } from "../../../../test/fakes/imessage/index.ts";
import { Intake, until } from "./support.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the tests of mutual TLS are SKIPPED");

(hasOpenssl ? describe : describe.skip)("a door for devices that show a certificate", () => {
  const stage = new Intake("mac-imessage");
  let server: Authority;
  let devices: Authority;
  let macs = 0;
  let url = "";

  beforeAll(async () => {
    server = await makeAuthority(join(stage.dir, "server"));
    devices = await makeAuthority(join(stage.dir, "devices"), "Devices");
    const { key, certificate } = await server.issue({ subject: "capture", names: ["IP:127.0.0.1"] });
    const tls = { certificate, key: new Secret(key), clientAuthority: devices.ca };
    await stage.start({ readers: [macMessagesReader], at: { host: "127.0.0.1", port: 0, tls } });
    url = stage.url.replace("http:", "https:");
  }, 240_000);
  afterAll(() => stage.stop(), 120_000);

  /** A Mac that trusts the server. @param shown what it shows: nothing, unless given */
  async function mac(shown?: Certified) {
    const dir = join(stage.dir, `mac-${(macs += 1)}`);
    await mkdir(join(dir, "agent"), { recursive: true });
    const file = async (name: string, content: string) => {
      await writeFile(join(dir, name), content, { mode: 0o600 });
      return join(dir, name);
    };
    return {
      dir,
      home: { dir: join(dir, "agent"), key: Buffer.alloc(32, macs) },
      server: {
        url,
        ca: await file("ca.pem", server.ca),
        ...(shown && {
          certificate: await file("own.pem", shown.certificate),
          key: await file("own.key", shown.key),
        }),
      },
    };
  }
  const enrol = ({ home, server: to }: Awaited<ReturnType<typeof mac>>) =>
    enrolMacAgent({ ...home, code: stage.newCode(), server: to }, AbortSignal.timeout(60_000));

  it("takes what a device hands over that shows one of the authority's", async () => {
    const one = await mac(await devices.issue({ subject: "mac-1" }));
    const db = new ChatDb(join(one.dir, "Messages"));
    const from = db.handle(FERGUS);
    db.message({ chat: db.chat(FERGUS, [from]), from, at: at(1), name: "one", runs: [{ text: "We sail." }] });
    const { agent } = await enrol(one);
    const stopping = new AbortController();
    const log = createLogger("agent", "error", { stream: new PassThrough().resume() });
    const running = runMacAgent(
      { ...one.home, database: join(one.dir, "Messages/chat.db"), log, everyMs: 20 },
      stopping.signal,
    );
    await until(() => stage.texts({ id: agent }).length > 0);
    stopping.abort();
    await running;
    db.close();

    expect(stage.texts({ id: agent })).toEqual(["We sail."]);
  }, 60_000);

  it.each([
    ["none", () => Promise.resolve(undefined)],
    ["one of another authority", () => server.issue({ subject: "mac-2" })],
    ["one that has expired", () => devices.issue({ subject: "mac-3", expired: true })],
  ])("takes nothing, no code either, where it shows %s", async (_what, issued) => {
    const before = stage.registry.known.size;
    await expect(enrol(await mac(await issued()))).rejects.toMatchObject({
      code: "link-refused",
      message: "the server wants a certificate that its authority signed: enrol with it and its key",
    });
    expect(stage.registry.known.size).toBe(before);
  });
});

it("says of an address at which nothing takes agents that it is another", async () => {
  const other = await listen((_request, response) => response.writeHead(404).end(), { port: 0 });
  const dir = await mkdtemp(join(tmpdir(), "daybook-agent-"));
  try {
    const of = { dir, key: Buffer.alloc(32), code: "A", server: { url: other.url } };
    await expect(enrolMacAgent(of, AbortSignal.timeout(60_000))).rejects.toMatchObject({
      code: "link-refused",
      message: expect.stringContaining("nothing takes agents at that address") as string,
    });
  } finally {
    await other.close();
    await rm(dir, { recursive: true });
  }
});
