// Captures the accounts in the directory of its first argument from the server described at its second, until it is killed.
// What it hands on goes to the file at its third, a line each, durable before it is taken to be captured.
import { readFileSync, writeSync } from "node:fs";
import { FileSink } from "../../../../test/file-sink.ts";
import { Signal, type SignalServers } from "../../src/index.ts";

const [dir, description, output] = process.argv.slice(2);
const { rootCertificate, port, ...servers } = JSON.parse(readFileSync(description!, "utf8")) as Omit<
  SignalServers,
  "chat"
> & { rootCertificate: string; port: number };
const none = () => undefined;
const signal = new Signal({
  dir: dir!,
  key: Buffer.alloc(32, 7),
  servers: { ...servers, chat: { port, rootCertificate: Buffer.from(rootCertificate, "base64") } },
  deviceName: "Daybook",
  userAgent: "Daybook/0.1",
  log: { info: none, warn: none, error: none },
  onHealth: ({ status }) => writeSync(1, `${status}\n`),
});
await signal.run(new FileSink(output!), new AbortController().signal);
