// Runs the connector over an office's folders, sends one message, and waits to be killed. Arguments: the office's folder,
// Chromium's arguments and the message, as JSON.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outbound } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { WhatsAppWeb } from "../../src/index.ts";
import { KEY, silent } from "../support/office.ts";

const [dir = "", args = "", asked = ""] = process.argv.slice(2);
const message = JSON.parse(asked) as Outbound;
const web = new WhatsAppWeb({
  dir: join(dir, "kept"),
  runningDir: join(dir, "running"),
  key: KEY,
  chromiumArgs: JSON.parse(args) as string[],
  deviceName: "Daybook",
  relay: [message.account],
  log: silent,
});
const never = new AbortController().signal;
void web.run(new RecordingSink(), never);
while (web.health()[0]?.status !== "live") await sleep(10);
await web.relay.send(message, never);
