// An official number's connector as a process of its own, as `daybook up` runs it: capture's own sink over a stream that is
// durable, in the directory of its first argument. It says the port that webhooks come to.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { memoryStores } from "@daybook/archive-core/testing";
import { TOPICS } from "@daybook/contract";
import { createPayloadSealer, generateIngestKey, openFileStream } from "@daybook/stream";
import { WhatsAppBusiness } from "@daybook/whatsapp-business";
import { NUMBER } from "../../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { APP, CUSTODIAN, VERIFY_TOKEN } from "../../../connectors/whatsapp-business/test/support/app.ts";
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
const connector = new WhatsAppBusiness({
  numbers: [{ phoneNumberId: NUMBER, custodian: CUSTODIAN }],
  appSecrets: () => [APP.secret],
  verifyToken: () => VERIFY_TOKEN,
  accessToken: () => APP.accessToken,
  // Nobody answers there.
  graphUrl: "http://127.0.0.1:9/v25.0",
  stateFile: join(dir, "state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
});
void connector.run(sink, new AbortController().signal);
const server = createServer(connector.webhook).listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
