// Sends the message of its fourth argument, JSON, as soon as somebody has written in its conversation, over the state in the
// directory of its first, by the SMSC at the port of its second, or by the Twilio at that URL, which it takes a message from by
// itself, and ends; its last line says what came of it. What it records
// goes to the file at its third, a line each, durable before it is taken to be captured. At the moment of its fifth, if it is
// given one, it dies of SIGKILL: `before-leaving` and `after-leaving`, of what is written before anything is submitted;
// `before-accepted` and `after-accepted`, of what is written once it was taken; `after-durable`, when it is recorded.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type Outbound, outbound } from "@daybook/contract";
import { StateFile } from "@daybook/keeping";
import { FileSink } from "../../../../test/file-sink.ts";
import { Sms, SmsWebhooks } from "../../src/index.ts";
import { ACCOUNT, settings } from "../support/settings.ts";
import { ACCOUNT as TWILIO, PUBLIC, TOKEN } from "../webhook/support/names.ts";

const [dir = "", at = "", output = "", asked = "", moment] = process.argv.slice(2);
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

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

function byTwilio(apiUrl: string): SmsWebhooks {
  const { smpp, ...of } = settings(dir, 0, { relay: [ACCOUNT] });
  const source = { provider: "twilio", name: "twilio", accountSid: TWILIO, url: `${PUBLIC}/twilio` } as const;
  const sources = [{ ...source, authTokens: () => [TOKEN], apiUrl, reconciles: false }];
  return new SmsWebhooks({ ...of, ...smpp, sources });
}

/** Somebody writes. */
async function hello(of: SmsWebhooks, { account, conversation }: Outbound): Promise<void> {
  const server = createServer(of.webhook).listen(0, "127.0.0.1");
  await once(server, "listening");
  const said = {
    Body: "When?",
    From: conversation,
    MessageSid: `SM${"1".repeat(32)}`,
    NumMedia: "0",
    To: account,
  };
  const signed = `${PUBLIC}/twilio${Object.entries(said).flat().join("")}`;
  const signature = createHmac("sha1", TOKEN).update(signed).digest("base64");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/sms/twilio`;
  const headers = { "x-twilio-signature": signature };
  await fetch(url, { method: "POST", headers, body: new URLSearchParams(said) });
  server.closeAllConnections();
  server.close();
}

const connector = at.startsWith("http:")
  ? byTwilio(at)
  : new Sms(settings(dir, Number(at), { relay: [ACCOUNT] }));
const stopping = new AbortController();
const running = connector.run(
  new FileSink(output, {
    line: ({ eventId, stableDigest, event }) =>
      event.relay && JSON.stringify([eventId, stableDigest, event.text]),
    after: (events) => events.some(({ event }) => event.relay) && dieAt("after-durable"),
  }),
  stopping.signal,
);
const message = outbound.parse(JSON.parse(asked));
if (connector instanceof SmsWebhooks) await hello(connector, message);
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
