// Reads the mailbox that its first argument, JSON, says where it is, over the state in the directory of its second, until it is
// killed. What it hands on goes to the file of its third, a line each, durable before it is taken to be captured. With a fourth,
// it kills itself by SIGKILL when so many messages are durable and nothing remembers that they are.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FileSink } from "../../../../test/file-sink.ts";
import { Imap } from "../../src/index.ts";

const [account, dir, output, dieAfter = "Infinity"] = process.argv.slice(2);
let messages = 0;

const where = z
  .object({ host: z.string(), port: z.int(), user: z.string(), pass: z.string(), ca: z.string() })
  .parse(JSON.parse(account!));
const none = () => undefined;
const connector = new Imap({
  accounts: [
    {
      ...{ host: where.host, port: where.port, user: where.user, ca: where.ca, folders: [] },
      signIn: { password: () => where.pass },
      custodian: { id: "c1", name: "Ann Lee" },
    },
  ],
  stateFile: join(dir!, "imap.state"),
  key: Buffer.alloc(32, 7),
  answerMs: 120_000,
  log: { info: none, warn: none, error: none },
});
const running = connector.run(
  new FileSink(output!, {
    line: ({ eventId, stableDigest, event }) =>
      JSON.stringify([eventId, stableDigest, event.kind, event.networkId ?? event.target]),
    after(events) {
      messages += events.filter(({ event }) => event.kind === "message").length;
      if (messages >= Number(dieAfter)) process.kill(process.pid, "SIGKILL");
    },
  }),
  new AbortController().signal,
);
const watch = setInterval(() => {
  if (connector.health()[0]?.status !== "live") return;
  clearInterval(watch);
  writeSync(1, "live\n");
}, 10);
await running;
