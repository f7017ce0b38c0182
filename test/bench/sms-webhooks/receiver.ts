// SMS's webhooks as a process of their own, as `daybook up` runs them: capture's own sink over a stream that is durable, in the
// directory of its first argument. It says the port that they come to.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SmsWebhooks } from "@daybook/sms";
import {
  ACCOUNT,
  CUSTODIAN,
  OFFICIAL,
  PUBLIC,
  TOKEN,
} from "../../../connectors/sms/test/webhook/support/names.ts";
import { durableSink } from "../durable-sink.ts";

const [dir = ""] = process.argv.slice(2);
const none = () => undefined;
const connector = new SmsWebhooks({
  numbers: [{ number: OFFICIAL, custodian: CUSTODIAN }],
  country: "GB",
  sources: [
    {
      ...{ provider: "twilio", name: "twilio", url: `${PUBLIC}/twilio`, accountSid: ACCOUNT },
      // Nobody answers there.
      ...{ authTokens: () => [TOKEN], apiUrl: "http://127.0.0.1:9", reconciles: false },
    },
  ],
  keepsMs: 86_400_000,
  stateFile: join(dir, "state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
});
void connector.run(await durableSink(dir), new AbortController().signal);
const server = createServer(connector.webhook).listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
