// Captures the Mac whose BlueBubbles is at its second argument, over the state in the directory of its first, until it is killed.
// What it hands on goes to the file at its third, a line each, durable before it is taken to be captured. At the moment of its
// fourth, if it is given one, it dies of SIGKILL: `before-capture`, or `before-cursor`, when what came is durable and the
// cursor still stands before it. What its fifth says, an outbound message in JSON, it sends once it knows the conversation.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outbound } from "@daybook/contract";
import { StateFile } from "@daybook/keeping";
import { FileSink, isHeard } from "../../../../../test/file-sink.ts";
import { BlueBubbles } from "../../../src/index.ts";

const [dir, url, output, moment, outbound] = process.argv.slice(2);
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { write } = StateFile.prototype;
StateFile.prototype.write = function (changes) {
  if (changes.some(({ kind }) => kind === "cursor")) dieAt("before-cursor");
  return write.call(this, changes);
};

const none = () => undefined;
const connector = new BlueBubbles({
  url: url!,
  password: () => "a password of BlueBubbles, made up",
  account: "olivia@minister.example",
  custodian: { id: "id-olivia", name: "Olivia Sinclair" },
  stateFile: join(dir!, "bluebubbles.state"),
  key: Buffer.alloc(32, 9),
  log: { info: none, warn: none, error: none },
  mayRelay: true,
  pollMs: 5,
  pageRows: 20,
  waits: { firstMs: 1, mostMs: 20 },
});
writeSync(1, "started\n");
const running = connector.run(
  new FileSink(output!, { before: (events) => isHeard(events) && dieAt("before-capture") }),
  new AbortController().signal,
);
if (outbound) {
  const message = JSON.parse(outbound) as Outbound;
  const { relay } = connector;
  while (!(await relay!.conversation(message.account, message.conversation))) await sleep(5);
  await relay!.send(message, new AbortController().signal);
}
await running;
