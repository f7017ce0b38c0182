import { jest } from "@jest/globals";
import { readFile } from "node:fs/promises";
import { get, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";
import type { ServiceProcess } from "./service-process.ts";

jest.setTimeout(240_000);

describeDeployed("the console of a deployment", () => {
  let deployment: Deployment;
  let console: ServiceProcess;
  let records: ServiceProcess;
  let owner: string;
  beforeAll(async () => {
    const without = ["capture", "evidence", "retention"] as const;
    deployment = (await deploy({ console: true, without }))!;
    console = deployment.services.get("console")!;
    records = deployment.services.get("records")!;
    owner = (await readFile(join(deployment.dir, "services/records/state/owner-token"), "utf8")).trim();
  });
  afterAll(() => deployment.remove());

  /** Asks the people's address, as a browser does. */
  const browse = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      get(`${deployment.url}${path}`, { headers, agent: false }, (answer) => {
        const { statusCode: status = 0, headers: received } = answer;
        text(answer).then((body) => resolve({ status, headers: received, body }), reject);
      }).on("error", reject);
    });

  it("serves its pages where the API is, each to who asks for it", async () => {
    const page = await browse("/accessibility");
    expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(page.body).toContain("<main");
    const asset = /href="(\/assets\/[^"]+\.css)"/.exec(page.body)![1]!;
    expect(await browse(asset)).toMatchObject({ status: 200 });
    expect(await browse("/api/v1/self")).toMatchObject({
      status: 401,
      headers: { "content-type": expect.stringContaining("application/problem+json") as string },
    });
    for (const path of ["/internal/v1/introspect", "/metrics", "/healthz", "/readyz", "/webhooks/whatsapp"])
      expect(await browse(path)).toMatchObject({ status: 404, body: "" });
  });

  it("asks the API as who is signed in, and takes nobody else's word for them", async () => {
    const session = (token: string) => ({ cookie: `daybook-session=${token}` });
    expect((await browse("/accessibility", session(owner))).body).toContain(">owner</a>");
    const stranger = `${owner.slice(0, -4)}${owner.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    expect((await browse("/accessibility", session(stranger))).body).not.toContain(">owner</a>");
    expect((await browse("/matters", session(stranger))).body).not.toContain(">owner</a>");
  });

  it("answers to its own name alone", async () => {
    const elsewhere = { host: "elsewhere.example" };
    expect(await browse("/accessibility", elsewhere)).toMatchObject({ status: 421 });
  });

  it("is told no secret of the archive's", async () => {
    const { line } = await console.refuse({ DAYBOOK_URL: "" });
    expect(line).toContain("DAYBOOK_URL: ");
    expect(
      Object.keys(console.settings)
        .filter((name) => name.startsWith("DAYBOOK_"))
        .sort(),
    ).toEqual([
      "DAYBOOK_CA_FILE",
      "DAYBOOK_CONSOLE_ORIGIN",
      "DAYBOOK_CONSOLE_SECRET_FILE",
      "DAYBOOK_OPERATIONS_PORT",
      "DAYBOOK_PORT",
      "DAYBOOK_STOP_SECONDS",
      "DAYBOOK_TLS_CERTIFICATE_FILE",
      "DAYBOOK_TLS_KEY_FILE",
      "DAYBOOK_TRIAL",
      "DAYBOOK_TRUSTED_PROXIES",
      "DAYBOOK_URL",
    ]);
  });

  it.each(["DAYBOOK_CONSOLE_ORIGIN", "DAYBOOK_URL"])(
    "refuses a %s in clear that is not this machine's",
    async (name) => {
      for (const url of [
        "http://console.example.org",
        "http://10.0.0.7:8444",
        "http://localhost.example.org",
      ]) {
        const { code, line } = await console.refuse({ [name]: url });
        expect({ code, line }).toEqual({
          code: 1,
          line: expect.stringContaining(`${name}: must be https`) as string,
        });
        expect(line.trimEnd().split("\n")).toHaveLength(1);
        expect(line).not.toContain(url);
      }
    },
  );

  it("is ready only while the API answers, and goes on by itself", async () => {
    expect(await console.isReady()).toBe(true);
    await records.stop();
    while (await console.isReady()) await sleep(100);
    expect(await browse("/accessibility")).toMatchObject({ status: 200 });
    records.start();
    await records.ready();
    await console.ready();
  });

  it("is not ready for an API that takes requests and does not answer", async () => {
    records.signal("SIGSTOP");
    while (await console.isReady()) await sleep(100);
    records.signal("SIGCONT");
    await console.ready();
  });

  it("stops in order when it is told to", async () => {
    expect(await console.stop("SIGTERM")).toBe(0);
  });
});
