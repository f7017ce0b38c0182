import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { createLogger, readConfig } from "@daybook/runtime";
import { LISTENING } from "../src/run/settings.ts";
import { SMS, smsOf, smsProblems } from "../src/run/sms.ts";
import { withSms } from "../src/up/sms.ts";

const OFFICIAL = "+447700900123";
const OTHER = "+447700900124";
const BASE = {
  DAYBOOK_SMS_NUMBERS: `${OFFICIAL} Olivia Sinclair\n${OTHER} Olivia Sinclair`,
  DAYBOOK_SMS_COUNTRY: "GB",
  DAYBOOK_SMS_KEY: Buffer.alloc(32, 7).toString("base64"),
  DAYBOOK_SMS_SMPP_HOSTS: "smpps://smpp.aggregator.example:3550",
  DAYBOOK_SMS_SMPP_SYSTEM_ID: "daybook",
  DAYBOOK_SMS_SMPP_PASSWORD: "s3cret",
};
const log = createLogger("sms", "fatal");

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "cli-sms-relay-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const config = (env: NodeJS.ProcessEnv) => ({
  ...readConfig({ ...SMS, ...LISTENING }, env),
  DAYBOOK_CONNECTORS: ["sms"],
  DAYBOOK_STATE_PATH: dir,
});
/** Which of the two numbers may send. */
function mayRelay([live]: readonly Live[]): boolean[] {
  const { relay } = live!.connect((name) => ({ id: "custodian-1", name }));
  return [OFFICIAL, OTHER].map((number) => relay?.has(number) ?? false);
}

describe("who may send text messages", () => {
  it.each([
    ["nobody, unless it is said", {}, [false, false]],
    ["a number that is named", { DAYBOOK_SMS_RELAY: `${OFFICIAL}\n` }, [true, false]],
  ])("is %s", async (_name, more, may) => {
    const given = config({ ...BASE, ...more });
    expect(smsProblems(given)).toEqual([]);
    expect(mayRelay(await smsOf(given as never, log))).toEqual(may);
  });

  const TWILIO = {
    ...{ provider: "twilio", url: "https://hooks.example.gov/webhooks/sms/twilio" },
    ...{ accountSid: `AC${"0".repeat(32)}`, authTokens: ["a token, made up"] },
  };
  const VONAGE = {
    ...{ provider: "vonage", url: "https://hooks.example.gov/webhooks/sms/vonage", secrets: ["made up"] },
  };
  const sends = { apiKey: "abcd1234", apiSecrets: ["s3cret"] };
  const both = (...sources: object[]) => ({
    ...{ ...BASE, DAYBOOK_SMS_RELAY: `${OFFICIAL}\n${OTHER}` },
    DAYBOOK_SMS_WEBHOOKS: JSON.stringify({ sources }),
  });

  it("sends by the way that its messages come by, where there are two", async () => {
    const given = config(both({ ...TWILIO, numbers: [OTHER] }));
    expect(smsProblems(given)).toEqual([]);
    const live = await smsOf(given as never, log);
    expect(live.map((one) => mayRelay([one]))).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it.each<[string, object[], RegExp]>([
    [
      "by a provider that is not sent by",
      [{ ...VONAGE, numbers: [OTHER] }],
      /^DAYBOOK_SMS_RELAY: has a number that nothing/,
    ],
    ["by a provider that is", [{ ...VONAGE, sends, numbers: [OTHER] }], /^$/],
    [
      "by two at once",
      [
        { ...TWILIO, numbers: [OTHER] },
        { ...VONAGE, sends, numbers: [OTHER] },
      ],
      /several sources[^]*DAYBOOK_SMS_WEBHOOKS: numbers has one twice/,
    ],
  ])("is said where it comes %s", (_, sources, problems) => {
    expect(smsProblems(config(both(...sources))).join("\n")).toMatch(problems);
  });

  it("is nobody whose number is not official, nor without SMPP", () => {
    const problems = (env: NodeJS.ProcessEnv) => smsProblems(config(env)).join("\n");
    expect(problems({ ...BASE, DAYBOOK_SMS_RELAY: "+447700900999" })).toMatch(
      /^DAYBOOK_SMS_RELAY: has a number/,
    );
    const { DAYBOOK_SMS_NUMBERS, DAYBOOK_SMS_COUNTRY, DAYBOOK_SMS_KEY } = BASE;
    const none = { DAYBOOK_SMS_NUMBERS, DAYBOOK_SMS_COUNTRY, DAYBOOK_SMS_KEY };
    expect(problems({ ...none, DAYBOOK_SMS_RELAY: OFFICIAL })).toContain("nothing sends from");
    expect(() => config({ ...BASE, DAYBOOK_SMS_RELAY: "447700900123" })).toThrow(/DAYBOOK_SMS_RELAY/);
    expect(() => config({ ...BASE, DAYBOOK_SMS_SMPP_REFERENCE_BITS: "7" })).toThrow(/must be 8 or 16/);
  });

  it("is said in the file of daybook up, too", async () => {
    const file = join(dir, "sms.json");
    const up = (relay: readonly string[]) => {
      const smpp = {
        hosts: ["smpps://smpp.aggregator.example:3550"],
        systemId: "daybook",
        password: "s3cret",
      };
      const numbers = [OFFICIAL, OTHER].map((number) => ({ number, custodian: "Olivia Sinclair" }));
      writeFileSync(
        file,
        JSON.stringify({ numbers, country: "GB", relay, smpp: { ...smpp, referenceBits: 16 } }),
        {
          mode: 0o600,
        },
      );
      const keys = { service: {}, save: () => Promise.resolve() };
      return withSms({ dir } as never, keys as never, { file, host: "127.0.0.1", log });
    };
    expect(mayRelay((await up([OTHER])).live)).toEqual([false, true]);
    await expect(up(["+447700900999"])).rejects.toThrow(/relay/);
  });
});
