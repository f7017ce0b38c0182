import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Live } from "@daybook/capture";
import { RecordingSink } from "@daybook/contract/testing";
import { freePorts } from "@daybook/lab";
import { createLogger, readConfig } from "@daybook/runtime";
import { LISTENING } from "../src/run/settings.ts";
import { SMS, smsOf, smsProblems } from "../src/run/sms.ts";
import { withSms } from "../src/up/sms.ts";

const OFFICIAL = "+447700900123";
const OTHER = "+447700900124";
const SECRET = "an operator's secret, made up";
const NUMBERS = [OFFICIAL, OTHER].map((number) => ({ number, custodian: "Olivia Sinclair" }));
const SMPP = { hosts: ["smpps://smpp.aggregator.example:3550"], systemId: "daybook", password: "s3cret" };
const log = createLogger("sms", "fatal");

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "cli-sms-canary-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const webhooks = (port: number, more: object = {}) => ({
  port,
  sources: [
    {
      ...{ provider: "hmac", name: "operator", secrets: [SECRET], header: "X-Signature" },
      url: "https://hooks.example.gov/webhooks/sms/operator",
      fields: { id: "/id", from: "/from", to: "/to", text: "/text" },
      ...more,
    },
  ],
});

/** A second provider, and what it was asked to send. */
async function secondProvider() {
  const sent: { readonly to: string; readonly text: string }[] = [];
  const server = createServer((request, response) => {
    const { searchParams: asked } = new URL(request.url!, "http://provider");
    sent.push({ to: asked.get("to")!, text: asked.get("text")! });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?to={to}&text={text}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { sent, url, close };
}

async function up(given: object): Promise<readonly Live[]> {
  const file = join(dir, "sms.json");
  writeFileSync(file, JSON.stringify({ numbers: NUMBERS, country: "GB", ...given }), { mode: 0o600 });
  const keys = { service: {}, save: () => Promise.resolve() };
  const { live } = await withSms({ dir } as never, keys as never, { file, host: "127.0.0.1", log });
  return live;
}

const config = (env: NodeJS.ProcessEnv) => ({
  ...readConfig(
    { ...SMS, ...LISTENING },
    {
      DAYBOOK_SMS_NUMBERS: NUMBERS.map(({ number, custodian }) => `${number} ${custodian}`).join("\n"),
      ...{ DAYBOOK_SMS_COUNTRY: "GB", DAYBOOK_SMS_KEY: Buffer.alloc(32, 7).toString("base64") },
      ...{ DAYBOOK_HOST: "127.0.0.1", ...env },
    },
  ),
  ...{ DAYBOOK_CONNECTORS: ["sms"], DAYBOOK_STATE_PATH: dir },
});
const SMPP_ENV = {
  ...{ DAYBOOK_SMS_SMPP_HOSTS: SMPP.hosts[0], DAYBOOK_SMS_SMPP_SYSTEM_ID: SMPP.systemId },
  DAYBOOK_SMS_SMPP_PASSWORD: SMPP.password,
};

describe("tests of official numbers", () => {
  it.each<[string, (url: string, port: number) => Promise<readonly Live[]>]>([
    ["the file of daybook up", (url, port) => up({ webhooks: webhooks(port), canary: { url } })],
    [
      "settings",
      (url, port) =>
        smsOf(
          config({
            ...{ DAYBOOK_SMS_CANARY_URL: url, DAYBOOK_SMS_WEBHOOKS: JSON.stringify(webhooks(port)) },
          }) as never,
          log,
        ),
    ],
  ])(
    "are sent by %s to numbers of providers that push, and are no records when they come",
    async (_, open) => {
      const provider = await secondProvider();
      const [port = 0] = await freePorts(1);
      const [live] = await open(provider.url, port);
      const sink = new RecordingSink();
      const stopping = new AbortController();
      const running = live!.connect((name) => ({ id: "c-1", name })).run(sink, stopping.signal);
      const post = async (id: string, text: string) => {
        const body = JSON.stringify({ id, from: "+447700900456", to: OFFICIAL, text });
        const signature = createHmac("sha256", SECRET).update(body).digest("hex");
        const headers = { "content-type": "application/json", "x-signature": signature };
        const to = `http://127.0.0.1:${port}/webhooks/sms/operator`;
        const answer = await fetch(to, { method: "POST", body, headers });
        return answer.status;
      };
      try {
        while (provider.sent.length < 2) await sleep(5);
        expect(provider.sent.map(({ to }) => to).sort()).toEqual([OFFICIAL, OTHER]);
        const { text } = provider.sent.find(({ to }) => to === OFFICIAL)!;
        expect(await post("1", text)).toBe(200);
        expect(await post("2", "Hello")).toBe(200);
        const messages = sink.captured.filter(({ event }) => event.kind === "message");
        expect(messages.map(({ event }) => event.text)).toEqual(["Hello"]);
      } finally {
        stopping.abort();
        await running;
        provider.close();
      }
    },
  );

  const URL_SET = "https://texts.example/send?to={to}&text={text}";
  const BY_SMPP = { host: "smpps://smpp.other.example:3550", systemId: "c", password: "p", from: "Daybook" };

  it.each<[string, object]>([
    ["a URL", { smpp: SMPP, canary: { url: URL_SET } }],
    [
      "a body",
      {
        smpp: SMPP,
        canary: { url: "https://t.example/", body: "To={to}&Body={text}", authorization: "Bearer t0ken" },
      },
    ],
    ["a second account", { smpp: SMPP, canary: { smpp: BY_SMPP } }],
    ["both ways in", { smpp: SMPP, webhooks: webhooks(1, { numbers: [OTHER] }), canary: { url: URL_SET } }],
  ])("are said in the file of daybook up by %s", async (_, given) => {
    expect((await up(given)).length).toBeGreaterThan(0);
  });

  it.each<[string, object, RegExp]>([
    ["without TLS", { smpp: SMPP, canary: { url: "http://t.example/{to}{text}" } }, /canary/],
    ["without its words", { smpp: SMPP, canary: { url: "https://t.example/{to}" } }, /canary/],
    ["half of an account", { smpp: SMPP, canary: { smpp: { ...BY_SMPP, from: undefined } } }, /canary/],
    ["both", { smpp: SMPP, canary: { url: URL_SET, smpp: BY_SMPP } }, /canary/],
    [
      "not clear which way they come by",
      { smpp: SMPP, webhooks: webhooks(1), canary: { url: URL_SET } },
      /webhooks\.sources\.numbers/,
    ],
    [
      "of a number that is not official",
      { webhooks: webhooks(1, { numbers: ["+447700900999"] }), canary: { url: URL_SET } },
      /webhooks\.sources\.numbers/,
    ],
  ])("are refused in that file where it is %s", async (_, given, where) => {
    const problem: unknown = await up(given).catch((error: unknown) => error);
    expect(problem).toMatchObject({ message: expect.stringMatching(where) as string });
    expect(String(problem)).not.toContain("example");
  });

  it("are said by settings to come by webhook or over SMPP, where there are both", () => {
    const problems = (more: object) =>
      smsProblems(
        config({
          ...{ ...SMPP_ENV, DAYBOOK_SMS_CANARY_URL: URL_SET },
          DAYBOOK_SMS_WEBHOOKS: JSON.stringify(webhooks(1, more)),
        }),
      );
    expect(problems({ numbers: [OTHER] })).toEqual([]);
    expect(problems({}).join("\n")).toMatch(/^DAYBOOK_SMS_WEBHOOKS: numbers is missing/);
    expect(problems({ numbers: ["+447700900999"] }).join("\n")).toMatch(/numbers has one/);
  });
});
