// The connector as a process of its own, over the account files in the directory of its first argument and the server that
// its second describes. It hands events on to a sink that takes them and keeps nothing. Told `go` it begins; told `mark N`
// it says, once N events were handed on and N accounts of the third argument are live, what it has used so far.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured, Sink } from "@daybook/contract";
import { Signal, type SignalServers } from "@daybook/signal";
import { KEY } from "./key.ts";
import type { Mark } from "./connector-process.ts";

const [dir = "", description = "", accounts = "1"] = process.argv.slice(2);
const { rootCertificate, port, ...servers } = JSON.parse(readFileSync(description, "utf8")) as Omit<
  SignalServers,
  "chat"
> & { rootCertificate: string; port: number };

let captured = 0;
let hasBegun = false;
const sink: Sink = {
  async capture(events: readonly Captured[]) {
    captured += events.filter(({ event }) => event.kind === "message").length;
    return Promise.resolve();
  },
  attach: () => Promise.reject(new Error("no attachments here")),
  report: () => undefined,
};
const none = () => undefined;
const signal = new Signal({
  dir,
  key: KEY,
  servers: { ...servers, chat: { port, rootCertificate: Buffer.from(rootCertificate, "base64") } },
  deviceName: "Daybook",
  userAgent: "Daybook/0.1",
  log: { info: none, warn: none, error: none },
});

async function mark(count: number): Promise<Mark> {
  const live = () => signal.health().filter(({ status }) => status === "live").length;
  while (hasBegun && (captured < count || live() < Number(accounts))) await sleep(5);
  const { user, system } = process.cpuUsage();
  const at = performance.now();
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return { cpuSeconds: (user + system) / 1e6, at, rssBytes: process.memoryUsage.rss() };
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "go") {
    hasBegun = true;
    void signal.run(sink, new AbortController().signal);
  } else process.stdout.write(`${JSON.stringify(await mark(Number(line.split(" ")[1])))}\n`);
}
