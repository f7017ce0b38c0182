// Takes journals on the port of its second argument, over the state in the directory of its first, until it is killed. What it
// hands on goes to the file at its third, a line each, durable before it is taken to be captured. At the moment of its fourth, if
// it is given one, it dies of SIGKILL: `before-durable`, or `before-answer`, when what came is durable and its sender does not
// know; of the first message, or as many as its fifth says.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Email } from "../../src/index.ts";
import { ANN, JOURNAL } from "../intake.ts";

const [dir, port, output, moment, nth = "1"] = process.argv.slice(2);
const file = openSync(output!, "a");
let heard = 0;
const dieAt = (now: string) => {
  if (now === moment && heard === Number(nth)) process.kill(process.pid, "SIGKILL");
};

class FileSink extends RecordingSink {
  override capture(events: readonly Captured[]): Promise<void> {
    const isHeard = events.some(({ event: { kind } }) => kind !== "coverage");
    if (isHeard) heard += 1;
    if (isHeard) dieAt("before-durable");
    const lines = events.map(
      ({ eventId, stableDigest, event: { kind, raw } }) =>
        `${JSON.stringify({ eventId, stableDigest, kind, raw })}\n`,
    );
    writeSync(file, lines.join(""));
    fsyncSync(file);
    if (isHeard) dieAt("before-answer");
    return Promise.resolve();
  }
}

const none = () => undefined;
const email = new Email({
  readMs: 120_000,
  journalAddresses: [JOURNAL],
  mailboxes: [{ addresses: ["ann@example.gov.uk"], custodian: ANN }],
  sources: { addresses: ["127.0.0.1"], names: [] },
  at: { host: "127.0.0.1", port: Number(port) },
  stateFile: join(dir!, "email.state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
});
const running = email.run(new FileSink(), new AbortController().signal);
await Promise.race([email.port, running]);
writeSync(1, "listening\n");
await running;
