import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Captured, Connector, Sink } from "@daybook/contract";
import { describeConnector } from "@daybook/contract/testing";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { Sms } from "../src/index.ts";
import { message, words } from "./fixtures/pdus.ts";
import { settings } from "./support/office.ts";

const dir = mkdtempSync(join(tmpdir(), "sms-contract-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the suite looks at: messages, by the name that it gave them. */
function named(sink: Sink): Sink {
  const said = ({ event }: Captured) => event.text;
  return {
    attach: sink.attach.bind(sink),
    report: sink.report.bind(sink),
    capture: async (events) => {
      const messages = events.filter(({ event }) => event.kind === "message");
      if (messages.length > 0)
        await sink.capture(messages.map((one) => ({ ...one, eventId: said(one) ?? "" })));
    },
  };
}

/** The aggregator delivers one message after another, each until it is answered with 0. */
describeConnector("sms", () => {
  const waiting: string[] = [];
  const acknowledged: string[] = [];
  return {
    acknowledged,
    deliver: (id) => void waiting.push(id),
    connector: (): Connector => ({
      async run(sink, signal) {
        const smsc = await Smsc.start();
        const running = new Sms(settings(dir, smsc.port)).run(named(sink), signal);
        await smsc.bound();
        while (!signal.aborted) {
          const [id] = waiting;
          if (id === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
          else if ((await smsc.deliver(message(words(id)))) === 0) acknowledged.push(waiting.shift()!);
          else await Promise.race([smsc.isBound ? undefined : running]);
        }
        await running;
        await smsc.close();
      },
    }),
  };
});
