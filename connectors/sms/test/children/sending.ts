// Sends the message of its fourth argument, JSON, as soon as somebody has written in its conversation, over the state in the
// directory of its first, by the SMSC at the port of its second, and ends; its last line says what came of it. What it records
// goes to the file at its third, a line each, durable before it is taken to be captured. At the moment of its fifth, if it is
// given one, it dies of SIGKILL: `before-leaving` and `after-leaving`, of what is written before anything is submitted;
// `before-accepted` and `after-accepted`, of what is written once it was taken; `after-durable`, when it is recorded.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Captured, ConnectorError, outbound } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import { Sms } from "../../src/index.ts";
import { ACCOUNT, settings } from "../support/settings.ts";

const [dir = "", port, output = "", asked = "", moment] = process.argv.slice(2);
const file = openSync(output, "a");
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

class FileSink extends RecordingSink {
  override capture(events: readonly Captured[]): Promise<void> {
    const sent = events.filter(({ event }) => event.relay);
    const lines = sent.map((one) => `${JSON.stringify([one.eventId, one.stableDigest, one.event.text])}\n`);
    writeSync(file, lines.join(""));
    fsyncSync(file);
    if (sent.length > 0) dieAt("after-durable");
    return Promise.resolve();
  }
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { write } = StateFile.prototype;
StateFile.prototype.write = async function (changes) {
  const said = JSON.stringify(changes.filter(({ kind }) => kind === "relayed"));
  const what = said.includes('"isLeaving":true')
    ? "leaving"
    : said.includes('"state":"accepted"')
      ? "accepted"
      : "other";
  dieAt(`before-${what}`);
  await write.call(this, changes);
  dieAt(`after-${what}`);
};

const connector = new Sms(settings(dir, Number(port), { relay: [ACCOUNT] }));
const stopping = new AbortController();
const running = connector.run(new FileSink(), stopping.signal);
const message = outbound.parse(JSON.parse(asked));
while (!(await connector.relay!.conversation(message.account, message.conversation))) await sleep(5);
for (;;) {
  try {
    const outcome = await connector.relay!.send(message, stopping.signal);
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    break;
  } catch (error) {
    if (!(error instanceof ConnectorError && error.retryable)) throw error;
    await sleep(5);
  }
}
stopping.abort();
await running;
