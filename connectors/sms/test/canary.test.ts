import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { byHttp, bySmpp, type HttpSending } from "../src/index.ts";
import { STATUS } from "../src/smpp/index.ts";
import { FERGUS, message, words } from "./fixtures/pdus.ts";
import { ACCOUNT, openOffice } from "./support/office.ts";

const TIMING = { everyMs: 1_500, withinMs: 1_000 };
const never = new AbortController().signal;
const TEST = `daybook-canary ${"0123456789abcdef".repeat(2)}`;

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

/** A second provider, which sends what it takes to the first, unless it withholds it. */
async function twoProviders() {
  const [first, second] = await Promise.all([Smsc.start(), Smsc.start({ password: "other" })]);
  const provider = { withholds: false, sent: [] as string[], second };
  second.onSubmit = (body, n) => {
    provider.sent.push(body.shortMessage.toString("latin1"));
    if (!provider.withholds) void first.store(body);
    return `id-${n}`;
  };
  const send = bySmpp({
    host: { host: "127.0.0.1", port: second.port },
    ...{ systemId: "canary", password: () => "other", systemType: "", from: `+${FERGUS}` },
  });
  const office = await openOffice({ smsc: first, canary: { send, ...TIMING } });
  const said = () => office.sink.captured.filter(({ eventId }) => eventId.startsWith("canary:"));
  return { ...office, provider, said };
}

describe("a test message to an official number", () => {
  it("that arrives is coverage, and no message", async () => {
    const { said, events, provider, smsc, sink } = await twoProviders();
    await until(() => said().some(({ event }) => event.coverage?.state === "live"));
    expect(await smsc.deliver(message(words("Hello")))).toBe(STATUS.ok);
    expect(provider.sent[0]).toMatch(/^daybook-canary [0-9a-f]{32}$/);
    const kinds = events().map(({ event }) => event.kind);
    expect(kinds.filter((kind) => kind === "message")).toHaveLength(1);
    for (const sent of provider.sent) {
      expect(JSON.stringify(sink.captured)).not.toContain(sent);
      const raws = sink.captured.map(({ event }) => Buffer.from(event.raw, "base64"));
      expect(raws.some((raw) => raw.includes(sent))).toBe(false);
    }
    await provider.second.close();
  });

  it("that is withheld is a gap and an alarm, until one arrives", async () => {
    const { said, connector, provider, logged } = await twoProviders();
    provider.withholds = true;
    const isMissed = () => connector.health()[0]?.alerts.includes("canary-missing") === true;
    await until(() => isMissed() && said().some(({ event }) => event.kind === "gap"));
    expect(said().find(({ event }) => event.kind === "gap")?.event).toMatchObject({
      account: ACCOUNT,
      gap: { about: "test message" },
    });
    expect(JSON.stringify(logged)).toContain("the channel is deaf");
    provider.withholds = false;
    await until(() => !isMissed());
    await provider.second.close();
  });

  it("hides no words of anybody's behind it", async () => {
    const { provider, smsc, events } = await twoProviders();
    await until(() => provider.sent.length > 0);
    const sent = provider.sent[0]!;
    await smsc.deliver(message(words(`${sent} Do not tell anybody.`)));
    await until(() => events().some(({ event }) => event.text === `${sent} Do not tell anybody.`));
    // Nor does what nobody sent.
    await smsc.deliver(message(words(TEST)));
    await until(() => events().some(({ event }) => event.text === TEST));
    await provider.second.close();
  });

  it("that the second provider does not take says nothing of the channel, but is to be seen to", async () => {
    const { provider, connector, said } = await twoProviders();
    provider.second.onSubmit = () => STATUS.throttled;
    await until(() => connector.health()[0]?.alerts.includes("canary-not-sent") === true);
    expect(said().filter(({ event }) => event.kind === "gap")).toEqual([]);
    await provider.second.close();
  });
});

describe("a provider that sends over HTTP", () => {
  async function asked(more: (url: string) => HttpSending, status = 200) {
    const asked: { request: IncomingMessage; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request
        .setEncoding("utf8")
        .on("data", (text: string) => (body += text))
        .on("end", () => {
          asked.push({ request, body });
          response.writeHead(status, { location: "/elsewhere" }).end("{}");
        });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const send = byHttp(more(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const outcome = await send(ACCOUNT, TEST, never).catch((error: unknown) => error);
    await new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    return { asked, outcome };
  }

  it("is asked by GET where there is no body", async () => {
    const { asked: all, outcome } = await asked((url) => ({ url: `${url}/send?to={to}&text={text}` }));
    expect(outcome).toBeUndefined();
    const { request } = all[0]!;
    const { searchParams } = new URL(request.url!, "http://provider");
    expect([request.method, searchParams.get("to"), searchParams.get("text")]).toEqual([
      "GET",
      ACCOUNT,
      TEST,
    ]);
  });

  it("is posted JSON, or a form, with what authorises", async () => {
    const authorization = () => "Bearer t0ken";
    const json = await asked((url) => ({ url, authorization, body: '{"to":"{to}","body":"{text}"}' }));
    expect(JSON.parse(json.asked[0]!.body)).toEqual({ to: ACCOUNT, body: TEST });
    expect(json.asked[0]!.request.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "content-type": "application/json",
    });
    const form = await asked((url) => ({ url, body: "To={to}&Body={text}" }));
    expect(Object.fromEntries(new URLSearchParams(form.asked[0]!.body))).toEqual({ To: ACCOUNT, Body: TEST });
  });

  it.each([302, 401, 500])("did not take it where it answers %d, and is asked once", async (status) => {
    const { asked: all, outcome } = await asked((url) => ({ url }), status);
    expect(outcome).toMatchObject({ name: "ConnectorError" });
    expect(JSON.stringify(outcome)).not.toContain("0123");
    expect(all).toHaveLength(1);
  });
});
