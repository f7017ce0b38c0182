import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { answers, freePort } from "../../../connectors/email/test/postfix.ts";
import { started } from "../../started.ts";
import { cpuSeconds } from "../engines/cpu.ts";
import { type Bench, type Figure, figure, timed } from "../figure.ts";

const JOURNAL = "journal-7f3a@archive.example.gov.uk";
const MAILBOX = "olivia@example.gov.uk";
/** Connections at a time, and how many messages come over them. */
const SESSIONS = [
  [1, 500],
  [10, 3_000],
] as const;
/** The code is compiled by then. */
const WARM_UP = 500;
const LENGTH = 4_096;

/**
 * Messages that Postfix's load generator delivers to a connector in a process of its own, which answers once they are durable;
 * beside Postfix's `smtp-sink`, which throws them away, in the same run.
 */
export const journals: Bench = async ({ scale, dir, say }) => {
  if (spawnSync("which", ["smtp-source", "smtp-sink"]).status !== 0)
    throw new Error("smtp-source and smtp-sink are missing: install Debian's postfix");
  await using closing = new AsyncDisposableStack();
  const sink = await freePort();
  // It does not run as root.
  const as = userInfo().uid === 0 ? ["-u", "nobody"] : [];
  ending(closing, spawn("smtp-sink", [...as, `127.0.0.1:${sink}`, "100"], { stdio: "ignore" }));
  while (!(await answers(sink))) await sleep(20);
  const program = join(import.meta.dirname, "receiver.ts");
  const child = spawn(process.execPath, [program, dir, JOURNAL, MAILBOX], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  ending(closing, child);
  const port = Number(await started(child));
  say("warming up");
  await load(port, 10, Math.max(100, WARM_UP * scale));
  const figures: Figure[] = [];
  for (const [sessions, most] of SESSIONS) {
    const count = Math.max(100, Math.round(most * scale));
    say(`${sessions} at a time`);
    const before = await timed(() => load(sink, sessions, count));
    const cpu = cpuSeconds(child.pid ?? 0);
    const { ms } = await timed(() => load(port, sessions, count));
    const cpuMicros = ((cpuSeconds(child.pid ?? 0) - cpu) * 1e6) / count;
    const after = await timed(() => load(sink, sessions, count));
    figures.push(
      figure({
        figure: `messages of 4 KiB captured and answered per second, ${sessions} connections`,
        value: count / (ms / 1_000),
        unit: "/s",
        baseline: { name: "Postfix's smtp-sink", value: (2 * count) / ((before.ms + after.ms) / 1_000) },
        aim: "said apart",
        met: () => true,
      }),
      figure({
        figure: `the connector's processor time a message, ${sessions} connections`,
        value: cpuMicros,
        unit: "µs",
        aim: "said apart",
        met: () => true,
      }),
    );
  }
  return figures;
};

function ending(closing: AsyncDisposableStack, child: ChildProcess): void {
  const ended = once(child, "close");
  closing.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
}

/** Sends so many messages, each another. */
async function load(port: number, sessions: number, count: number): Promise<void> {
  const what = ["-d", "-s", String(sessions), "-m", String(Math.round(count)), "-l", String(LENGTH)];
  await promisify(execFile)("smtp-source", [...what, "-f", MAILBOX, "-t", JOURNAL, `127.0.0.1:${port}`]);
}
