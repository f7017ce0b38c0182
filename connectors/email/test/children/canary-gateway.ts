// Takes journals on a port of its own, which it says, over the state in the directory of its first argument, and has them tested by
// the submission server on the port of its second, until it is killed. What it hands on goes to the file at its third, a line each,
// durable before it is taken to be captured. With a fourth, it dies of SIGKILL when what the canary says is durable there, and it
// does not know yet.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { FileSink } from "../../../../test/file-sink.ts";
import { Email } from "../../src/index.ts";
import { JOURNAL } from "../intake.ts";

const [dir, submissionPort, output, dies] = process.argv.slice(2);
const none = () => undefined;
const address = "canary@example.gov.uk";
const email = new Email({
  readMs: 120_000,
  journalAddresses: [JOURNAL],
  mailboxes: [{ addresses: [address], custodian: { id: "c9", name: "Journal canary" } }],
  canary: {
    address,
    submission: { host: "127.0.0.1", port: Number(submissionPort), security: "none" },
    everyMs: 400,
    withinMs: 200,
  },
  sources: { addresses: ["127.0.0.1"], names: [] },
  at: { host: "127.0.0.1", port: 0 },
  stateFile: join(dir!, "email.state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
});
const running = email.run(
  new FileSink(output!, {
    line: ({ eventId, stableDigest, event: { kind } }) => JSON.stringify({ eventId, stableDigest, kind }),
    after: (events) => {
      if (dies !== undefined && events.some(({ eventId }) => eventId.startsWith("canary:")))
        process.kill(process.pid, "SIGKILL");
    },
  }),
  new AbortController().signal,
);
const port = await Promise.race([email.port, running.then(() => 0)]);
writeSync(1, `${port}\n`);
await running;
