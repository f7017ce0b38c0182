import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Authority, makeAuthority } from "@daybook/lab";
import { describeWithJsmpp, Jsmpp } from "../../../test/fakes/jsmpp/index.ts";
import { Smsc } from "../../../test/fakes/smsc.ts";
import type { SmppHost } from "../src/options.ts";
import { FERGUS, message, OFFICIAL, words } from "./fixtures/pdus.ts";
import { openOffice } from "./support/office.ts";

let dir: string;
let authority: Authority;
let other: Authority;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sms-tls-"));
  authority = await makeAuthority(join(dir, "authority"));
  other = await makeAuthority(join(dir, "other"), "Somebody else");
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

const over = (host: string, port: number, ca: string | undefined = authority.ca): SmppHost => ({
  ...{ host, port },
  tls: { ca },
});

describe("SMS over TLS", () => {
  it.each([
    ["localhost", "DNS:localhost"],
    ["127.0.0.1", "IP:127.0.0.1"],
  ])("comes from %s, for which a private authority vouches", async (host, name) => {
    const tls = await authority.issue({ subject: "smsc", names: [name] });
    const smsc = await Smsc.start({ tls });
    const { heard } = await openOffice({ smsc, smpp: { hosts: [over(host, smsc.port)] } });
    await smsc.store(message(words("Over TLS")));
    expect((await heard(1))[0]?.event.text).toBe("Over TLS");
  });

  it.each<[string, () => Promise<{ names: string[]; by: Authority; expired?: boolean }>]>([
    ["has another name", () => Promise.resolve({ names: ["DNS:smsc.example"], by: authority })],
    ["is from somebody else", () => Promise.resolve({ names: ["DNS:localhost"], by: other })],
    ["is out of date", () => Promise.resolve({ names: ["DNS:localhost"], by: authority, expired: true })],
  ])("tells no password where the certificate %s, and hears the other host", async (_name, of) => {
    const { names, by, expired = false } = await of();
    const wrong = await Smsc.start({ tls: await by.issue({ subject: "localhost", names, expired }) });
    const tls = await authority.issue({ subject: "smsc", names: ["DNS:localhost"] });
    const smsc = await Smsc.start({ tls });
    const hosts = [wrong, smsc].map(({ port }) => over("localhost", port));
    const { heard, connector, logged } = await openOffice({ smsc, smpp: { hosts } });
    await smsc.store(message(words("Over the other")));
    await heard(1);
    await until(() => JSON.stringify(logged).includes("unreachable"));
    expect(wrong.binds).toBe(0);
    expect(wrong.received).toEqual([]);
    expect(connector.health()[0]).toMatchObject({ status: "live", alerts: ["one-host-down"] });
    await wrong.close();
  });

  it("is not spoken to where the system's authorities are asked, and none vouches", async () => {
    const tls = await authority.issue({ subject: "localhost", names: ["DNS:localhost"] });
    const smsc = await Smsc.start({ tls });
    const hosts: SmppHost[] = [{ host: "localhost", port: smsc.port, tls: {} }];
    const { logged } = await openOffice({ smsc, smpp: { hosts } });
    await until(() => JSON.stringify(logged).includes("unreachable"));
    expect(smsc.binds).toBe(0);
  });

  it("is not found on a plain port, nor plain SMPP on TLS's: neither is waited for", async () => {
    const plain = await Smsc.start();
    const tls = await authority.issue({ subject: "localhost", names: ["DNS:localhost"] });
    const secure = await Smsc.start({ tls });
    const smsc = await Smsc.start({ tls });
    const hosts: SmppHost[] = [
      over("localhost", plain.port),
      { host: "127.0.0.1", port: secure.port },
      over("localhost", smsc.port),
    ];
    const { heard, connector } = await openOffice({ smsc, smpp: { hosts } });
    // Each is tried again and again.
    await until(() => secure.strangers >= 3);
    await smsc.store(message(words("Over the third")));
    expect((await heard(1))[0]?.event.text).toBe("Over the third");
    expect([plain.binds, secure.binds]).toEqual([0, 0]);
    expect(connector.health()[0]).toMatchObject({ status: "live", alerts: ["one-host-down"] });
    await plain.close();
    await secure.close();
  });
});

describeWithJsmpp("SMS from jSMPP over TLS", () => {
  it("comes, also over a second session", async () => {
    const { key, certificate } = await authority.issue({ subject: "localhost", names: ["DNS:localhost"] });
    const pem = join(dir, "jsmpp.pem");
    writeFileSync(pem, `${key}${certificate}`, { mode: 0o600 });
    const path = join(dir, "jsmpp.p12");
    const store = ["pkcs12", "-export", "-in", pem, "-out", path, "-passout", "pass:changeit"];
    await promisify(execFile)("openssl", store);
    const jsmpp = await Jsmpp.start({ path, password: "changeit" });
    try {
      const first = await openOffice({ smpp: { hosts: [over("localhost", jsmpp.port)] } });
      const says = (text: string) =>
        jsmpp.deliver({ source: FERGUS, destination: OFFICIAL, bytes: Buffer.from(text) });
      await says("One");
      await jsmpp.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
      await says("Two");
      expect((await first.heard(2)).map(({ event }) => event.text)).toEqual(["One", "Two"]);
    } finally {
      await jsmpp.close();
    }
  }, 120_000);
});
