import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apiClient, listen, type Listening, Secret, type ServerCertificate } from "../../src/index.ts";

const run = promisify(execFile);
let dir: string;
const listening: Listening[] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-tls-"));
});
afterEach(async () => {
  await Promise.all(listening.splice(0).map((one) => one.close({ graceMs: 0 })));
});
afterAll(() => rm(dir, { recursive: true }));

/** A certificate that vouches for itself, as of now. */
async function certificate(file: string, name = "IP:127.0.0.1", days = "2"): Promise<ServerCertificate> {
  const [key, request, cert] = ["key", "csr", "pem"].map((end) => join(dir, `${file}.${end}`)) as [
    string,
    string,
    string,
  ];
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const about = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`];
  await run("openssl", ["req", "-new", ...fresh, ...about, "-out", request]);
  const signing = ["-signkey", key, "-days", days, "-copy_extensions", "copy"];
  await run("openssl", ["x509", "-req", "-in", request, ...signing, "-out", cert]);
  return { certificate: await readFile(cert, "utf8"), key: new Secret(await readFile(key, "utf8")) };
}

async function served(tls: ServerCertificate): Promise<string> {
  const at = await listen((_, response) => response.end("true"), { port: 0, tls });
  listening.push(at);
  return at.url;
}

describe("a server over TLS", () => {
  it("answers who trusts its certificate, and nobody else", async () => {
    const tls = await certificate("good");
    const url = await served(tls);
    expect(url).toMatch(/^https:/);
    const trusting = apiClient({ url, token: "t", ca: tls.certificate });
    await expect(trusting.call("get", "/")).resolves.toBe(true);
    trusting.close();
    await expect(apiClient({ url, token: "t" }).call("get", "/")).rejects.toMatchObject({
      code: "untrusted",
    });
  });

  it.each([
    ["of another name", "DNS:elsewhere.example", "2"],
    ["that has expired", "IP:127.0.0.1", "-1"],
  ])("is not believed with a certificate %s", async (what, name, days) => {
    const tls = await certificate(what.replaceAll(" ", "-"), name, days);
    const client = apiClient({ url: await served(tls), token: "t", ca: tls.certificate });
    await expect(client.call("get", "/")).rejects.toMatchObject({ code: "untrusted" });
  });

  it("does not start with a key that is another certificate's", async () => {
    const [one, other] = await Promise.all([certificate("one"), certificate("other")]);
    const mixed = { certificate: one.certificate, key: other.key };
    await expect(listen(() => undefined, { port: 0, tls: mixed })).rejects.toMatchObject({
      code: "invalid-configuration",
    });
  });
});
