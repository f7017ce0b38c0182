import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { freePorts } from "@daybook/lab";
import { Twilio, type TwilioMessage } from "../fakes/twilio.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(600_000);

const ACCOUNT = { accountSid: `AC${"0".repeat(32)}`, authToken: "a token of Twilio's, made up" };
const OFFICIAL = "+447700900123";
const FERGUS = "+447700900456";
const PUBLIC = "https://hooks.example.gov/webhooks/sms/twilio";
const MESSAGES = 40;

interface Found {
  readonly results: readonly { readonly kind: string; readonly text: string | null }[];
}

describeDeployed("text messages by webhooks alone, in a deployment", () => {
  let twilio: Twilio;
  let deployment: Deployment;
  let port: number;
  let matter: string;

  beforeAll(async () => {
    twilio = await Twilio.start(ACCOUNT);
    [port = 0] = await freePorts(1);
    const source = {
      ...{ provider: "twilio", url: PUBLIC, accountSid: ACCOUNT.accountSid },
      ...{ authTokens: ["the next one, made up", ACCOUNT.authToken], apiUrl: twilio.url },
    };
    const files = {
      NUMBERS: `${OFFICIAL} Olivia Sinclair\n`,
      KEY: Buffer.alloc(32, 7).toString("base64"),
      WEBHOOKS: JSON.stringify({ port, sources: [source] }),
    };
    const given: NodeJS.ProcessEnv = { DAYBOOK_CONNECTORS: "sms", DAYBOOK_SMS_COUNTRY: "GB" };
    deployment = (await deploy({
      prepare: async (dir) => {
        mkdirSync(join(dir, "sms"));
        for (const [name, value] of Object.entries(files)) {
          const path = join(dir, "sms", name);
          writeFileSync(path, value, { mode: 0o400 });
          given[`DAYBOOK_SMS_${name}_FILE`] = path;
        }
        return async () => undefined;
      },
      envOf: ({ service }) => (service === "capture" ? given : {}),
    }))!;
    matter = (await deployment.json<{ id: string }>(["matter", "open", "--title", "M", "--kind", "foi"])).id;
  });
  afterAll(async () => {
    await deployment.remove();
    await twilio.close();
  });

  /** As Twilio posts it, over TLS. @returns the status; 0 where nobody answers */
  const post = (message: TwilioMessage) =>
    new Promise<number>((resolve) => {
      const parameters = twilio.parametersOf(message);
      const body = parameters.map((one) => one.map(encodeURIComponent).join("=")).join("&");
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": twilio.sign(PUBLIC, parameters),
      };
      const to = `https://127.0.0.1:${port}/webhooks/sms/twilio`;
      request(to, { method: "POST", ca: deployment.engines.authority.ca, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", () => resolve(0))
        .end(body);
    });

  it("loses nothing, and has nothing twice, when capture is killed while messages come", async () => {
    const capture = deployment.services.get("capture")!;
    const said = Array.from({ length: MESSAGES }, (_, n) => `Tide ${n}`);
    const taken = { count: 0 };
    const sending = (async () => {
      for (const body of said) {
        const message = twilio.has({ from: FERGUS, to: OFFICIAL, body });
        while ((await post(message)) !== 200) await sleep(100);
        taken.count += 1;
      }
    })();
    for (const least of [5, 20]) {
      while (taken.count < least) await sleep(20);
      await capture.stop("SIGKILL");
      capture.start();
    }
    await sending;
    const found = () =>
      deployment.json<Found>([
        ...["search", "tide", "--network", "sms", "--limit", "100", "--matter", matter],
      ]);
    while ((await found()).results.length < MESSAGES) await sleep(300);
    // Told once more, all of them, the last one too: when that is archived, so would a second record be.
    for (const message of twilio.messages) expect(await post(message)).toBe(200);
    expect(await post(twilio.has({ from: FERGUS, to: OFFICIAL, body: "Tide out" }))).toBe(200);
    while ((await found()).results.length < MESSAGES + 1) await sleep(300);
    const texts = (await found()).results.map(({ text }) => text).sort();
    expect(texts).toEqual([...said, "Tide out"].sort());
  });
});
