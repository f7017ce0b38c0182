// Takes journals and compares them with the message trace at the URL of its second argument, over the state in the directory of
// its first, until it is killed. Its clock stands at its third argument. What it hands on goes to the file at its fourth, a line
// each, durable before it is taken to be captured. With a fifth, it dies of SIGKILL when a gap is durable there, and it does not
// know yet.
import { join } from "node:path";
import { FileSink } from "../../../../test/file-sink.ts";
import { Email } from "../../src/index.ts";
import { JOURNAL } from "../intake.ts";

const [dir, url, now, output, dies] = process.argv.slice(2);
const none = () => undefined;
const email = new Email({
  journalAddresses: [JOURNAL],
  mailboxes: [{ addresses: ["ann@example.gov.uk"], custodian: { id: "c1", name: "Ann Lee" } }],
  trace: {
    application: {
      ...{ tenant: "example.gov.uk", clientId: "made up", loginUrl: url! },
      credential: { clientSecret: () => "made up" },
    },
    ...{ graphUrl: url!, settleMs: 3_600_000, everyMs: 10, paceMs: 0 },
  },
  sources: { addresses: ["127.0.0.1"], names: [] },
  at: { host: "127.0.0.1", port: 0 },
  stateFile: join(dir!, "email.state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
  now: () => new Date(now!),
});
await email.run(
  new FileSink(output!, {
    line: ({ eventId, stableDigest, event }) =>
      event.kind === "gap" ? `${eventId} ${stableDigest}` : undefined,
    after: (events) => {
      if (dies !== undefined && events.some(({ event }) => event.kind === "gap"))
        process.kill(process.pid, "SIGKILL");
    },
  }),
  new AbortController().signal,
);
