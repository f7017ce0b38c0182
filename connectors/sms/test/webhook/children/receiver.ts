// Takes webhooks over the state in the directory of its first argument, with Twilio's API at its second, on the port of its
// third, until it is killed. What it hands on goes to the file at its fourth, a line each, durable before it is taken to be
// captured. At the moment of its fifth, if it is given one, it dies of SIGKILL: `before-capture`, or `before-answer`, when what
// came is durable and the provider does not know.
import { writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { FileSink, isHeard } from "../../../../../test/file-sink.ts";
import { SmsWebhooks } from "../../../src/index.ts";
import { ACCOUNT, CUSTODIAN, OFFICIAL, PUBLIC, TOKEN } from "../support/names.ts";

const [dir, apiUrl, port, output, moment] = process.argv.slice(2);
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

const none = () => undefined;
const connector = new SmsWebhooks({
  numbers: [{ number: OFFICIAL, custodian: CUSTODIAN }],
  country: "GB",
  sources: [
    {
      ...{ provider: "twilio", name: "twilio", url: `${PUBLIC}/twilio`, accountSid: ACCOUNT },
      ...{ authTokens: () => [TOKEN], apiUrl: apiUrl!, reconciles: true },
    },
  ],
  keepsMs: 86_400_000,
  stateFile: join(dir!, "state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
  reconcileMs: 50,
  graceMs: 0,
});
const running = connector.run(
  new FileSink(output!, {
    before: (events) => isHeard(events) && dieAt("before-capture"),
    after: (events) => isHeard(events) && dieAt("before-answer"),
  }),
  new AbortController().signal,
);
createServer(connector.webhook).listen(Number(port), "127.0.0.1", () => void writeSync(1, "listening\n"));
await running;
