// Captures the number of the fixtures, over the state in the directory of its first argument, with the Graph API at its
// second, on the port of its third, until it is killed. What it hands on goes to the file at its fourth, a line each, durable
// before it is taken to be captured; what it finds out by itself it writes down after so many milliseconds as its fifth says. At
// the moment of its sixth, if it is given one, it dies of SIGKILL: `before-state`,
// `before-capture`, or `before-answer`, when what came is durable and Meta does not know.
import { writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { StateFile } from "@daybook/keeping";
import { FileSink, isHeard } from "../../../../test/file-sink.ts";
import { WhatsAppBusiness } from "../../src/index.ts";
import { NUMBER } from "../fixtures/payloads.ts";
import { APP, CUSTODIAN, VERIFY_TOKEN } from "../support/app.ts";

const [dir, graphUrl, port, output, beatMs, moment] = process.argv.slice(2);
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { write } = StateFile.prototype;
StateFile.prototype.write = function (changes) {
  if (changes.some(({ kind }) => kind === "conversation")) dieAt("before-state");
  return write.call(this, changes);
};

const none = () => undefined;
const connector = new WhatsAppBusiness({
  numbers: [{ phoneNumberId: NUMBER, custodian: CUSTODIAN }],
  appSecrets: () => [APP.secret],
  verifyToken: () => VERIFY_TOKEN,
  accessToken: () => APP.accessToken,
  graphUrl: graphUrl!,
  stateFile: join(dir!, "state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
  beatMs: Number(beatMs),
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
