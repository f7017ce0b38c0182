// Journals of mail as a process of its own, as `daybook up` takes them: capture's own sink over a stream that is durable, in the
// directory of its first argument. It says the port that mail servers come to.
import { join } from "node:path";
import { Email } from "@daybook/email";
import { durableSink } from "../durable-sink.ts";

const [dir = "", journal = "", mailbox = ""] = process.argv.slice(2);
const none = () => undefined;
const email = new Email({
  journalAddresses: [journal],
  mailboxes: [{ addresses: [mailbox], custodian: { id: "c1", name: "Olivia Sinclair" } }],
  sources: { addresses: ["127.0.0.1"], names: [] },
  at: { host: "127.0.0.1", port: 0 },
  stateFile: join(dir, "email.state"),
  key: Buffer.alloc(32, 7),
  log: { info: none, warn: none, error: none },
});
const running = email.run(await durableSink(dir), new AbortController().signal).then(() => 0);
process.stdout.write(`${await Promise.race([email.port, running])}\n`);
await running;
