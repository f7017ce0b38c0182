// SMS's webhooks as a process of their own, as `daybook up` runs them: capture's own sink over a stream that is durable, in the
// directory of its first argument. It says the port that they come to.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { memoryStores } from "@daybook/archive-core/testing";
import { TOPICS } from "@daybook/contract";
import { SmsWebhooks } from "@daybook/sms";
import { createPayloadSealer, generateIngestKey, openFileStream } from "@daybook/stream";
import {
  ACCOUNT,
  CUSTODIAN,
  OFFICIAL,
  PUBLIC,
  TOKEN,
} from "../../../connectors/sms/test/webhook/support/names.ts";
import { Scope } from "../../../services/capture/src/scope.ts";
import { createSink } from "../../../services/capture/src/sink.ts";
import { sealedPublisher } from "../../../services/cli/src/up/publisher.ts";

const [dir = ""] = process.argv.slice(2);
const spoolDir = join(dir, "spool");
mkdirSync(spoolDir, { recursive: true });
const stream = await openFileStream({ dir: join(dir, "stream"), partitions: { [TOPICS.events]: 1 } });
const { publicKey } = await generateIngestKey();
const scope = new Scope({ version: 0, rules: [] }, Buffer.alloc(32, 5));
const sink = createSink({
  publisher: sealedPublisher(stream, createPayloadSealer({ publicKey: () => publicKey })),
  // Nothing here has a medium.
  records: memoryStores().records,
  shards: 1,
  spoolDir,
  now: () => new Date(),
  maxBytes: 1,
  scope: () => Promise.resolve(scope),
});
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
void connector.run(sink, new AbortController().signal);
const server = createServer(connector.webhook).listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
