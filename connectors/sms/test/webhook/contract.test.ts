import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Captured, Connector, Sink } from "@daybook/contract";
import { describeConnector } from "@daybook/contract/testing";
import { Twilio, type TwilioMessage } from "../../../../test/fakes/twilio.ts";
import { SmsWebhooks } from "../../src/index.ts";
import { ACCOUNT, CUSTODIAN, FERGUS, OFFICIAL, PUBLIC, TOKEN } from "./support/names.ts";
import { sources } from "./support/sources.ts";

const dir = mkdtempSync(join(tmpdir(), "sms-hooks-contract-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the suite looks at: messages, by the name that it gave them. */
function named(sink: Sink): Sink {
  return {
    attach: sink.attach.bind(sink),
    report: sink.report.bind(sink),
    capture: async (events: readonly Captured[]) => {
      const messages = events.filter(({ event }) => event.kind === "message");
      if (messages.length > 0)
        await sink.capture(messages.map((one) => ({ ...one, eventId: one.event.text ?? "" })));
    },
  };
}

/** Twilio posts one message after another, each until it is answered with 200. */
describeConnector("sms webhooks", () => {
  const waiting: string[] = [];
  const acknowledged: string[] = [];
  const told = new Map<string, TwilioMessage>();
  return {
    acknowledged,
    deliver: (id) => void waiting.push(id),
    connector: (): Connector => ({
      async run(sink, signal) {
        const twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
        const none = () => undefined;
        const connector = new SmsWebhooks({
          numbers: [{ number: OFFICIAL, custodian: CUSTODIAN }],
          country: "GB",
          sources: sources(twilio),
          keepsMs: 1,
          stateFile: join(dir, "state"),
          key: Buffer.alloc(32, 7),
          log: { info: none, warn: none, error: none },
        });
        const server = createServer(connector.webhook).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/sms/twilio`;
        const running = connector.run(named(sink), signal);
        while (!signal.aborted) {
          const [id] = waiting;
          if (id === undefined) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            continue;
          }
          const message = told.get(id) ?? twilio.has({ from: FERGUS, to: OFFICIAL, body: id });
          told.set(id, message);
          const status = await twilio.post(to, `${PUBLIC}/twilio`, twilio.parametersOf(message));
          if (status === 200) acknowledged.push(waiting.shift()!);
        }
        await running;
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await twilio.close();
      },
    }),
  };
});
