// Takes journals on the port of its second argument, over the state in the directory of its first, until it is killed. What it
// hands on goes to the file at its third, a line each, durable before it is taken to be captured. At the moment of its fourth, if
// it is given one, it dies of SIGKILL: `before-durable`, or `before-answer`, when what came is durable and its sender does not
// know; of the first message, or as many as its fifth says.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { FileSink, isHeard } from "../../../../test/file-sink.ts";
import { Email } from "../../src/index.ts";
import { ANN, JOURNAL } from "../intake.ts";

const [dir, port, output, moment, nth = "1"] = process.argv.slice(2);
let heard = 0;
const dieAt = (now: string) => {
  if (now === moment && heard === Number(nth)) process.kill(process.pid, "SIGKILL");
};

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
const running = email.run(
  new FileSink(output!, {
    line: ({ eventId, stableDigest, event: { kind, raw } }) =>
      JSON.stringify({ eventId, stableDigest, kind, raw }),
    before(events) {
      if (!isHeard(events)) return;
      heard += 1;
      dieAt("before-durable");
    },
    after: (events) => isHeard(events) && dieAt("before-answer"),
  }),
  new AbortController().signal,
);
await Promise.race([email.port, running]);
writeSync(1, "listening\n");
await running;
