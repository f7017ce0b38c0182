import { readFileSync } from "node:fs";

/**
 * A process that is started with `--import` of this file has its wall clock moved by as many ms as the file
 * `FAULTS_CLOCK` says, looked up again five times a second. What measures intervals is untouched, as when an
 * administrator sets a machine's clock.
 */
const POLL_MS = 200;

const path = process.env.FAULTS_CLOCK;
if (path === undefined) throw new Error("FAULTS_CLOCK names no file");
const RealDate = Date;
let offsetMs = 0;
const look = () => {
  try {
    const read = Number(readFileSync(path, "utf8"));
    if (Number.isSafeInteger(read)) offsetMs = read;
  } catch {
    // It is being written.
  }
};
look();
setInterval(look, POLL_MS).unref();

const now = () => RealDate.now() + offsetMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === "now" ? now : (Reflect.get(target, name, receiver) as unknown)),
});
