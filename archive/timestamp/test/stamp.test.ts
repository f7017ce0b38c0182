import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchiveError } from "@daybook/archive-core";
import { AUTHORITY, startTsa, type Tsa, type TsaCertificates } from "@daybook/lab";
import fc from "fast-check";
import { ContentInfo, PKIStatus, PKIStatusInfo, TimeStampResp } from "pkijs";
import { leadsTo, openStamp, readCertificates, type Stamp, timestampQuery } from "../src/index.ts";
import { readToken, TST_INFO } from "../src/token.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the tests of time-stamps are SKIPPED");

const DATA = Buffer.from("dept.example/0\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n");
let home: string;
const running: Tsa[] = [];
let tsa: Tsa;
let stamp: Buffer;

async function authority(certificates: TsaCertificates = {}): Promise<Tsa> {
  const started = await startTsa({ dir: mkdtempSync(join(home, "tsa-")), certificates });
  running.push(started!);
  return started!;
}

async function stampBy(of: Tsa, data: Buffer = DATA): Promise<Buffer> {
  return of.reply(timestampQuery(data).bytes);
}

/** What `openssl ts -verify` says of a stamp, as an auditor would ask it. */
function opensslVerifies(data: Buffer, reply: Buffer, caFile: string): boolean {
  const dir = mkdtempSync(join(home, "check-"));
  writeFileSync(join(dir, "data"), data);
  writeFileSync(join(dir, "data.tsr"), reply);
  const args = ["ts", "-verify", "-data", "data", "-in", "data.tsr", "-CAfile", caFile];
  return spawnSync("openssl", args, { cwd: dir }).status === 0;
}

/** The time that `stamp` names, signed anew by `openssl cms`, which signs with whatever it is given. */
function forged(of: Tsa, args: readonly string[] = ["-cades"]): Buffer {
  const dir = dirname(of.caFile);
  writeFileSync(join(dir, "time"), readToken(stamp).content);
  const type = args.includes("-econtent_type") ? [] : ["-econtent_type", TST_INFO];
  const cms = execFileSync(
    "openssl",
    [
      ...["cms", "-sign", "-binary", "-nodetach", "-in", "time", "-outform", "DER", "-nosmimecap"],
      ...["-signer", "tsa.pem", "-inkey", "tsa.key", ...type, ...args],
    ],
    { cwd: dir, stdio: "pipe", maxBuffer: 1024 * 1024 },
  );
  return Buffer.from(
    new TimeStampResp({
      status: new PKIStatusInfo({ status: PKIStatus.granted }),
      timeStampToken: ContentInfo.fromBER(new Uint8Array(cms)),
    })
      .toSchema()
      .toBER(),
  );
}

/** The error's code and message; undefined when it opens. */
function refused(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

(hasOpenssl ? describe : describe.skip)("a time-stamp", () => {
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "daybook-stamp-"));
    tsa = await authority();
    stamp = await stampBy(tsa);
  });
  afterAll(async () => {
    for (const one of running) await one.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it("by OpenSSL, of our query, is good here and for OpenSSL", async () => {
    const query = timestampQuery(DATA);
    const before = Math.floor(Date.now() / 1_000) * 1_000;
    const reply = await tsa.reply(query.bytes);
    const opened = openStamp(reply, DATA, query.nonce);

    expect(opened.at.getTime()).toBeGreaterThanOrEqual(before);
    expect(opened.authority).toBe("CN=Lab Time-Stamp Authority");
    expect(leadsTo(opened, readCertificates(tsa.ca))).toBe(true);
    expect(opensslVerifies(DATA, reply, tsa.caFile)).toBe(true);
  });

  it.each<[string, TsaCertificates]>([
    ["RSA", { key: "rsa" }],
    ["an authority between root and signer", { intermediate: AUTHORITY }],
    [
      "a short path that is kept",
      { intermediate: AUTHORITY.replace("CA:TRUE", "CA:TRUE,pathlen:0"), key: "rsa" },
    ],
  ])("with %s is good here and for OpenSSL", async (_, certificates) => {
    const of = await authority(certificates);
    const reply = await stampBy(of);

    expect(leadsTo(openStamp(reply, DATA), readCertificates(of.ca))).toBe(true);
    expect(opensslVerifies(DATA, reply, of.caFile)).toBe(true);
  });

  it("of OpenSSL's own query, without a nonce, is good here", async () => {
    const dir = mkdtempSync(join(home, "query-"));
    writeFileSync(join(dir, "data"), DATA);
    const args = ["ts", "-query", "-data", "data", "-sha256", "-cert", "-no_nonce"];
    const reply = await tsa.reply(execFileSync("openssl", args, { cwd: dir, stdio: "pipe" }));

    expect(openStamp(reply, DATA).authority).toBe("CN=Lab Time-Stamp Authority");
    expect(refused(() => openStamp(reply, DATA, Buffer.alloc(8, 1)))).toMatch(/^corrupt: .*another query/);
  });

  it("is refused for other data, as OpenSSL does", () => {
    const other = Buffer.concat([DATA, Buffer.from("x")]);

    expect(refused(() => openStamp(stamp, other))).toMatch(/^corrupt: .*something else/);
    expect(opensslVerifies(other, stamp, tsa.caFile)).toBe(false);
  });

  it("is refused as the answer to another query", () => {
    expect(refused(() => openStamp(stamp, DATA, timestampQuery(DATA).nonce))).toMatch(/another query/);
  });

  it("is refused when its certificate was not asked for", async () => {
    const dir = mkdtempSync(join(home, "query-"));
    writeFileSync(join(dir, "data"), DATA);
    const query = execFileSync("openssl", ["ts", "-query", "-data", "data", "-sha256"], {
      cwd: dir,
      stdio: "pipe",
    });

    const reply = await tsa.reply(query);
    expect(refused(() => openStamp(reply, DATA))).toMatch(/^corrupt: .*certificate is not in it/);
  });

  it("of another digest than SHA-256 is refused", async () => {
    const dir = mkdtempSync(join(home, "query-"));
    writeFileSync(join(dir, "data"), DATA);
    const args = ["ts", "-query", "-data", "data", "-sha512", "-cert"];
    const reply = await tsa.reply(execFileSync("openssl", args, { cwd: dir, stdio: "pipe" }));

    expect(refused(() => openStamp(reply, DATA))).toMatch(/^corrupt: .*something else/);
  });

  it("that the authority refused is no stamp", async () => {
    const dir = mkdtempSync(join(home, "query-"));
    writeFileSync(join(dir, "data"), DATA);
    const args = ["ts", "-query", "-data", "data", "-sha1", "-cert"];
    const reply = await tsa.reply(execFileSync("openssl", args, { cwd: dir, stdio: "pipe" }));

    expect(refused(() => openStamp(reply, DATA))).toMatch(/^malformed: .*the authority refused/);
  });

  it("signed with a weak key is refused", async () => {
    const reply = await stampBy(await authority({ key: "rsa-1024" }));

    expect(refused(() => openStamp(reply, DATA))).toMatch(/^corrupt: .*weak key/);
  });

  it("that `openssl cms` made of the same parts is good", async () => {
    expect(openStamp(forged(tsa), DATA).at).toEqual(openStamp(stamp, DATA).at);
  });

  it.each<[string, RegExp, TsaCertificates, string[]]>([
    ["for servers too", /time-stamping alone/, { usage: "critical,timeStamping,serverAuth" }, ["-cades"]],
    ["for servers only", /time-stamping alone/, { usage: "critical,serverAuth" }, ["-cades"]],
    ["whose use is not critical", /time-stamping alone/, { usage: "timeStamping" }, ["-cades"]],
    ["that is not named by digest", /certificate is not in it/, {}, []],
    ["that is named otherwise", /by issuer and number/, {}, ["-cades", "-keyid"]],
    ["and a digest not taken", /algorithm not taken/, {}, ["-cades", "-md", "sha1"]],
    ["and nothing else", /certificate is not in it|not its time/, {}, ["-noattr"]],
  ])("signed with a certificate %s is refused", async (_, why, certificates, args) => {
    const reply = forged(await authority(certificates), args);

    expect(refused(() => openStamp(reply, DATA))).toMatch(/^corrupt: /);
    expect(refused(() => openStamp(reply, DATA))).toMatch(why);
  });

  it("of something that is no time is refused", () => {
    const args = ["-cades", "-econtent_type", "1.2.840.113549.1.7.1"];

    expect(refused(() => openStamp(forged(tsa, args), DATA))).toMatch(
      /^malformed: .*something else than a time/,
    );
  });

  it("signed when its certificate had expired is refused", async () => {
    const of = await authority({ days: 0 });
    await sleep(1_100);
    const reply = await stampBy(of);

    expect(refused(() => openStamp(reply, DATA))).toMatch(/^corrupt: .*not valid at that time/);
  });

  it("with any byte changed is never taken for the same authority's word at another time", () => {
    const { at } = openStamp(stamp, DATA);
    const trusted = readCertificates(tsa.ca);
    fc.assert(
      fc.property(fc.nat(stamp.length - 1), fc.integer({ min: 1, max: 255 }), (place, bits) => {
        const changed = Buffer.from(stamp);
        changed.writeUInt8(changed.readUInt8(place) ^ bits, place);
        let opened: Stamp | undefined;
        const why = refused(() => (opened = openStamp(changed, DATA)));
        if (why !== undefined) expect(why).toMatch(/^(corrupt|malformed): /);
        // What is not signed may be changed: the certificates beside it, and the status.
        else if (leadsTo(opened!, trusted)) expect(opened!.at).toEqual(at);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ["nothing", () => Buffer.alloc(0)],
    ["its first half", () => stamp.subarray(0, stamp.length / 2)],
    ["itself and a byte", () => Buffer.concat([stamp, Buffer.alloc(1)])],
    ["zeroes", () => Buffer.alloc(10_000)],
    ["deep nesting", () => Buffer.from("3080".repeat(30_000), "hex")],
    ["a length beyond its end", () => Buffer.from("3084ffffffff02", "hex")],
    ["too much", () => Buffer.concat([stamp, Buffer.alloc(70_000)])],
    ["text", () => Buffer.from("<html>503</html>")],
  ])("that is %s is refused", (_, bytes) => {
    expect(refused(() => openStamp(bytes(), DATA))).toMatch(/^malformed: /);
  });

  it("of any bytes is refused, and never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(stamp.length), (bytes, at) => {
        const spliced = Buffer.concat([stamp.subarray(0, at), bytes, stamp.subarray(at)]);
        if (bytes.length > 0)
          expect(refused(() => openStamp(spliced, DATA))).toMatch(/^(corrupt|malformed): /);
      }),
    );
  });
});

(hasOpenssl ? describe : describe.skip)("the way from a stamp to a root", () => {
  let later: Tsa;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "daybook-stamp-"));
    later = await authority({ intermediate: AUTHORITY });
    stamp = await stampBy(later);
  });
  afterAll(async () => {
    for (const one of running) await one.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it("is not found to another root, nor to none", async () => {
    const other = await authority();
    const opened = openStamp(stamp, DATA);

    expect(leadsTo(opened, readCertificates(other.ca))).toBe(false);
    expect(leadsTo(opened, [])).toBe(false);
    expect(opensslVerifies(DATA, stamp, other.caFile)).toBe(false);
  });

  it("needs the certificates between", () => {
    expect(leadsTo({ ...openStamp(stamp, DATA), certificates: [] }, readCertificates(later.ca))).toBe(false);
  });

  it("is one of certificates that were valid then", () => {
    const opened = openStamp(stamp, DATA);
    const day = 86_400_000;

    for (const at of [opened.at.getTime() + 40 * day, opened.at.getTime() - 40 * day])
      expect(leadsTo({ ...opened, at: new Date(at) }, readCertificates(later.ca))).toBe(false);
  });

  it.each([
    ["no authority", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign"],
    ["no basic constraints", "keyUsage=critical,digitalSignature"],
    ["one that may not sign certificates", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign"],
    ["one for servers only", `${AUTHORITY}\nextendedKeyUsage=serverAuth`],
    [
      "one with a critical extension not judged here",
      `${AUTHORITY}\nnameConstraints=critical,permitted;DNS:x.example`,
    ],
  ])("over %s is none", async (_, intermediate) => {
    const of = await authority({ intermediate });

    expect(leadsTo(openStamp(await stampBy(of), DATA), readCertificates(of.ca))).toBe(false);
  });

  it.each(["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x".repeat(2_000_000)])(
    "takes a PEM file of certificates (%#)",
    (pem) => {
      expect(refused(() => readCertificates(pem))).toMatch(/^malformed: /);
    },
  );
});
