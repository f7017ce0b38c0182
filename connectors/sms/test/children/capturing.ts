// Captures the official number of the fixtures, over the state in the directory of its first argument, from the SMSC at the
// port of its second, until it is killed. What it hands on goes to the file at its third, a line each, durable before it is taken
// to be captured. At the moment of its fourth, if it is given one, it dies of SIGKILL, when that has come as often as its fifth
// says: `before-remembered`, `after-remembered`, `after-durable`, when what came is recorded and the SMSC has no answer, or
// `before-forgotten`, when a message in parts is recorded and its parts are still remembered.
import { StateFile } from "@daybook/keeping";
import { FileSink, isHeard } from "../../../../test/file-sink.ts";
import { Sms } from "../../src/index.ts";
import { settings } from "../support/settings.ts";

const [dir = "", port, output = "", moment, times = "1"] = process.argv.slice(2);
let left = Number(times);
const dieAt = (now: string) => {
  if (now === moment && (left -= 1) === 0) process.kill(process.pid, "SIGKILL");
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { write } = StateFile.prototype;
StateFile.prototype.write = async function (changes) {
  const isHeard = changes.some(({ kind, value }) => kind === "heard" && value !== undefined);
  if (isHeard) dieAt("before-remembered");
  if (changes.some(({ kind, value }) => kind === "part" && value === undefined)) dieAt("before-forgotten");
  await write.call(this, changes);
  if (isHeard) dieAt("after-remembered");
};

const { SYSTEM_ID: systemId = "daybook", PASSWORD: password = "secret" } = process.env;
const smpp = { hosts: [{ host: "127.0.0.1", port: Number(port) }], systemId, password: () => password };
await new Sms(settings(dir, Number(port), { smpp })).run(
  new FileSink(output, { after: (events) => isHeard(events) && dieAt("after-durable") }),
  new AbortController().signal,
);
