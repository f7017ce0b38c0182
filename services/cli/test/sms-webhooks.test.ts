import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { type Authority, type Certified, freePorts, makeAuthority } from "@daybook/lab";
import { createLogger, readConfig, Secret } from "@daybook/runtime";
import { SMS, smsProblems } from "../src/run/sms.ts";
import { LISTENING } from "../src/run/settings.ts";
import { smsWebhooks } from "../src/sms-webhook-settings.ts";
import { smsWebhooksLive } from "../src/sms-webhooks.ts";

const OFFICIAL = "+447700900123";
const URL_OF = (name: string) => `https://hooks.example.gov/webhooks/sms/${name}`;
const FIELDS = { id: "/id", from: "/from", to: "/to", text: "/text" };
const CARRIER = {
  ...{ provider: "mutual-tls", name: "carrier", url: URL_OF("carrier") },
  ...{ clientNames: ["sms.carrier.example"], fields: FIELDS },
};
const TWILIO = {
  ...{ provider: "twilio", url: URL_OF("twilio"), accountSid: `AC${"0".repeat(32)}` },
  authTokens: ["a token, made up"],
};

/** Settings of webhooks with Vonage's reports. */
function reportsOf(more: object): string {
  const reports = { apiKey: "abcd1234", apiSecrets: ["s3cret"], ...more };
  return JSON.stringify({ sources: [{ provider: "vonage", url: URL_OF("v"), secrets: ["s"], reports }] });
}

let dir: string;
let authority: Authority;
let stranger: Authority;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "cli-sms-hooks-"));
  authority = await makeAuthority(join(dir, "authority"));
  stranger = await makeAuthority(join(dir, "stranger"), "Somebody else");
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the settings of SMS", () => {
  const BASE = {
    DAYBOOK_SMS_NUMBERS: `${OFFICIAL} Olivia Sinclair`,
    DAYBOOK_SMS_COUNTRY: "GB",
    DAYBOOK_SMS_KEY: Buffer.alloc(32, 7).toString("base64"),
  };
  const problems = (env: NodeJS.ProcessEnv) =>
    smsProblems({ ...readConfig({ ...SMS, ...LISTENING }, env), DAYBOOK_CONNECTORS: ["sms"] });
  const webhooks = (...sources: object[]) => ({ ...BASE, DAYBOOK_SMS_WEBHOOKS: JSON.stringify({ sources }) });

  it("are SMPP's or webhooks', or both", () => {
    expect(problems(webhooks(TWILIO))).toEqual([]);
    expect(problems(BASE)).toEqual([
      "DAYBOOK_SMS_SMPP_HOSTS: is missing beside the connector sms",
      "DAYBOOK_SMS_SMPP_SYSTEM_ID: is missing beside the connector sms",
      "DAYBOOK_SMS_SMPP_PASSWORD: is missing beside the connector sms",
    ]);
    const half = { ...webhooks({ ...TWILIO, numbers: [OFFICIAL] }), DAYBOOK_SMS_SMPP_SYSTEM_ID: "daybook" };
    expect(problems(half)).toHaveLength(2);
    const { DAYBOOK_SMS_COUNTRY: _, ...stateless } = webhooks(TWILIO);
    expect(problems(stateless)).toEqual(["DAYBOOK_SMS_COUNTRY: is missing beside the connector sms"]);
  });

  it("may have Vonage's reports: of the Messages API each hour, unless they say otherwise", () => {
    const text = reportsOf({});
    expect(problems({ ...BASE, DAYBOOK_SMS_WEBHOOKS: text })).toEqual([]);
    expect(smsWebhooks.parse(JSON.parse(text)).sources[0]).toMatchObject({
      reports: { products: ["MESSAGES"], everyMinutes: 60, apiUrl: "https://api.nexmo.com" },
    });
  });

  it.each([
    ["no JSON", "{", "as a whole"],
    ["no source", JSON.stringify({ sources: [] }), "sources"],
    [
      "HTTP",
      JSON.stringify({ sources: [{ ...TWILIO, url: "http://hooks.example.gov/x" }] }),
      "sources.0.url",
    ],
    ["a fragment", JSON.stringify({ sources: [{ ...TWILIO, url: `${URL_OF("x")}#rc=5` }] }), "sources.0.url"],
    ["a name twice", JSON.stringify({ sources: [TWILIO, { ...TWILIO, url: URL_OF("y") }] }), "sources"],
    ["a path twice", JSON.stringify({ sources: [TWILIO, { ...TWILIO, name: "two" }] }), "sources"],
    [
      "MD5",
      JSON.stringify({
        sources: [{ provider: "vonage", url: URL_OF("v"), secrets: ["s"], legacyHash: "md5" }],
      }),
      "sources.0.legacyHash",
    ],
    [
      "reports of a product that is no text",
      reportsOf({ products: ["VOICE-CALL"] }),
      "sources.0.reports.products.0",
    ],
    ["reports of a product twice", reportsOf({ products: ["SMS", "SMS"] }), "sources.0.reports.products"],
    ["reports over HTTP", reportsOf({ apiUrl: "http://api.example/" }), "sources.0.reports.apiUrl"],
    ["reports all the time", reportsOf({ everyMinutes: 1 }), "sources.0.reports.everyMinutes"],
    ["reports without a key", reportsOf({ apiKey: "" }), "sources.0.reports.apiKey"],
    ["mutual TLS without its authority", JSON.stringify({ sources: [CARRIER] }), "clientAuthority"],
  ])("are not %s, and nothing of them is said", (_, text, where) => {
    expect(problems({ ...BASE, DAYBOOK_SMS_WEBHOOKS: text })).toEqual([
      `DAYBOOK_SMS_WEBHOOKS: is wrong at: ${where}`,
    ]);
  });

  it("need a certificate of ours where a provider shows one", () => {
    const text = JSON.stringify({ sources: [CARRIER], clientAuthority: authority.ca });
    expect(problems({ ...BASE, DAYBOOK_SMS_WEBHOOKS: text })).toEqual([
      "DAYBOOK_TLS_CERTIFICATE: is missing beside a provider of mutual-tls",
    ]);
  });
});

it("takes what a carrier posts who shows a certificate, says that nothing signs it, and refuses every other", async () => {
  const own = await authority.issue({ subject: "capture", names: ["IP:127.0.0.1"] });
  const [port = 0] = await freePorts(1);
  const live = smsWebhooksLive({
    numbers: [{ number: OFFICIAL, custodian: "Olivia Sinclair" }],
    country: "GB",
    settings: smsWebhooks.parse({ port, clientAuthority: authority.ca, sources: [CARRIER] }),
    at: { host: "127.0.0.1", tls: { certificate: own.certificate, key: new Secret(own.key) } },
    stateFile: join(dir, "state"),
    key: Buffer.alloc(32, 7),
    log: createLogger("sms", "fatal"),
  });
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const running = live.connect((name) => ({ id: "c-1", name })).run(sink, stopping.signal);
  const post = (client?: Certified) =>
    new Promise<number>((resolve) => {
      const body = JSON.stringify({ id: 7, from: "+447700900456", to: OFFICIAL, text: "Hello" });
      const identity = client && { key: client.key, cert: client.certificate };
      const headers = { "content-type": "application/json" };
      const options = { method: "POST", ca: authority.ca, agent: false, headers, ...identity };
      request(`https://127.0.0.1:${port}/webhooks/sms/carrier`, options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", () => resolve(0))
        .end(body);
    });
  try {
    const carrier = await authority.issue({ subject: "sms.carrier.example" });
    while ((await post(carrier)) !== 200) await sleep(20);
    const others = [
      undefined,
      await authority.issue({ subject: "another.carrier.example" }),
      await authority.issue({ subject: "sms.carrier.example", expired: true }),
      await stranger.issue({ subject: "sms.carrier.example" }),
    ];
    for (const other of others) expect([0, 403]).toContain(await post(other));
    expect(await post()).toBe(403);
    const messages = sink.captured.filter(({ event }) => event.kind === "message");
    expect(messages).toMatchObject([{ eventId: "carrier:7", event: { text: "Hello", account: OFFICIAL } }]);
    expect(Buffer.from(messages[0]!.event.raw, "base64").toString()).toMatch(
      /daybook-proof: transport only: a client's certificate, SHA-256 [0-9A-F:]{95}; nothing signs the body/,
    );
  } finally {
    stopping.abort();
    await running;
  }
});
