import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@daybook/contract";
import { jest } from "@jest/globals";
import { Twilio, type TwilioMessage } from "../fakes/twilio.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(600_000);

const ACCOUNT = { accountSid: `AC${"0".repeat(32)}`, authToken: "a token of Twilio's, made up" };
const OFFICIAL = "+447700900123";
const BETTER = { from: "+447700900456", to: OFFICIAL };
const PUBLIC = "https://hooks.example.gov/webhooks/sms/twilio";
const PICTURE = Buffer.from("a picture of the pier, made up");

let daybook: Daybook;
let twilio: Twilio;
let file: string;
let post: (message: TwilioMessage) => Promise<number>;
/** Posts what a webhook says. @returns the status */
let told: (parameters: [string, string][]) => Promise<number>;
beforeAll(async () => {
  daybook = new Daybook();
  twilio = await Twilio.start(ACCOUNT);
  const port = await freePort();
  told = (parameters) => twilio.post(`http://127.0.0.1:${port}/webhooks/sms/twilio`, PUBLIC, parameters);
  post = (message) => told(twilio.parametersOf(message));
  const source = {
    ...{ provider: "twilio", url: PUBLIC, accountSid: ACCOUNT.accountSid },
    ...{ authTokens: [ACCOUNT.authToken], apiUrl: twilio.url },
  };
  file = daybook.write(
    "sms.json",
    JSON.stringify({
      numbers: [{ number: OFFICIAL, custodian: "Olivia Sinclair" }],
      country: "GB",
      relay: [OFFICIAL],
      webhooks: { port, sources: [source] },
    }),
  );
  chmodSync(file, 0o600);
});
afterAll(async () => {
  await daybook.remove();
  await twilio.close();
});

it("ends with a verified package of an official number's messages, over a kill", async () => {
  await daybook.up("--sms", file);
  const deliver = async (message: TwilioMessage) => {
    while ((await post(message)) !== 200) await sleep(50);
  };
  await deliver(twilio.has({ ...BETTER, body: "Can the ferry sail on Friday?" }));
  const media = [{ sid: Twilio.sid("ME"), bytes: PICTURE, mediaType: "image/jpeg" }];
  await deliver(twilio.has({ ...BETTER, sid: Twilio.sid("MM"), body: "The ferry and the pier", media }));
  await daybook.stop("SIGKILL");
  const meanwhile = Promise.all(
    [1, 2, 3].map((n) => deliver(twilio.has({ ...BETTER, body: `The ferry, while you were away: ${n}` }))),
  );
  await daybook.up("--sms", file);
  await meanwhile;
  for (const message of twilio.messages) expect(await post(message)).toBe(200);

  await answer("The ferry sails at nine.");
  const [sent] = twilio.sent;
  expect(twilio.sent).toHaveLength(1);
  expect(sent).toMatchObject({ from: OFFICIAL, to: BETTER.from, body: "The ferry sails at nine." });
  expect(await told(twilio.statusOf(sent!, "delivered"))).toBe(200);

  const { id: matter } = await daybook.json<{ id: string }>([
    ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
  ]);
  const found = () =>
    daybook.json<{ total: number }>(["search", "ferry", "--network", "sms", "--matter", matter]);
  await until("what was written meanwhile", async () => (await found()).total >= twilio.messages.length);
  const out = join(daybook.dir, "evidence");
  await daybook.json(["export", "--matter", matter, "--network", "sms", "--out", out]);
  const verified = await daybook.run(["verify", out, "--key", daybook.vkeys[0]!]);
  expect(verified.stdout).toMatch(/^Good: \d+ records, each proved/);

  const all = readdirSync(join(out, "data/records")).map(
    (name) => JSON.parse(readFileSync(join(out, "data/records", name), "utf8")) as Event,
  );
  const sms = all.filter(({ network }) => network === "sms");
  expect(sms.flatMap(({ relay }) => relay?.state ?? []).sort()).toEqual(["requested", "sent"]);
  expect(sms.filter(({ kind }) => kind === "receipt")).toMatchObject([
    { target: `twilio:${sent!.sid}`, text: "delivered" },
  ]);
  const events = sms.filter(({ kind, relay }) => kind === "message" && relay?.state !== "requested");
  expect(events.map(({ networkId }) => networkId).sort()).toEqual(
    twilio.messages.map(({ sid }) => `twilio:${sid}`).sort(),
  );
  const [heard] = events.filter(({ direction }) => direction === "incoming");
  expect(Buffer.from(heard!.raw, "base64").toString()).toMatch(
    /^POST https:\/\/hooks\.example\.gov\/webhooks\/sms\/twilio HTTP\/1\.1\r\n[^]*x-twilio-signature: /,
  );
  const attached = readdirSync(join(out, "data/attachments"));
  expect(attached.map((name) => readFileSync(join(out, "data/attachments", name)))).toEqual([PICTURE]);
});

/** The official's office answers, by the gateway and its policies. */
async function answer(text: string): Promise<void> {
  const { token } = await daybook.json<{ token: string }>([
    ...["token", "add", "--name", "Private office", "--role", "custodian", "--speaks-for", "Olivia Sinclair"],
  ]);
  const office = { DAYBOOK_URL: daybook.facts.url, DAYBOOK_TOKEN: token };
  const { accounts } = await daybook.json<{ accounts: { id: string }[] }>(["self"], office);
  const to = ["--account", accounts[0]!.id, "--conversation", BETTER.from];
  await until("the answer", async () => (await daybook.run(["send", text, ...to], office)).code === 0);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
