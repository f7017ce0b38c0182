// An official number's connector as a process of its own, as `daybook up` runs it: capture's own sink over a stream that is
// durable, in the directory of its first argument. It says the port that webhooks come to.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WhatsAppBusiness } from "@daybook/whatsapp-business";
import { NUMBER } from "../../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { APP, CUSTODIAN, VERIFY_TOKEN } from "../../../connectors/whatsapp-business/test/support/app.ts";
import { durableSink } from "../durable-sink.ts";

const [dir = ""] = process.argv.slice(2);
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
void connector.run(await durableSink(dir), new AbortController().signal);
const server = createServer(connector.webhook).listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
