import { type ChildProcess, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { cpuSeconds } from "../engines/cpu.ts";
import { type Bench, figure } from "../figure.ts";
import { writeRows } from "./rows.ts";

const ROWS = 500_000;
const AGENT = "5b1c9b3e-2a43-4e0e-9c53-0d2f3a4b5c6d";
const WATCHED_MS = 60_000;
const MOST = 0.01;
const MIB = 1024 ** 2;

const batch = z.object({ number: z.int(), entries: z.array(z.unknown()) });

/**
 * What a Mac's agent takes of a processor that hands over half a million messages; that starts again once it has; then, while
 * nothing is written, and while a message comes each second. The server only counts.
 */
export const polling: Bench = async ({ scale, dir, say }) => {
  const rows = ROWS * scale;
  await using closing = new AsyncDisposableStack();
  say(`writing ${rows} messages`);
  const messages = join(dir, "Messages");
  // As of a Mac that is in use: the newest are of today, and little is in the log.
  const db = writeRows(messages, rows, Date.now() - rows * 60_000);
  closing.defer(() => db.close());
  db.settle();
  const server = await countingServer();
  closing.defer(() => server.close());
  const home = join(dir, "agent");
  await mkdir(home, { mode: 0o700 });
  const program = join(import.meta.dirname, "watcher.ts");
  const start = () => {
    const args = [program, home, join(messages, "chat.db"), server.url];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    const kill = async () => {
      const ended = once(child, "close");
      if (child.kill("SIGKILL")) await ended;
    };
    closing.defer(kill);
    return { child, pid: child.pid ?? 0, kill };
  };
  const untilHanded = async (entries: number, child: ChildProcess) => {
    while (server.entries() < entries) {
      if (child.exitCode !== null) throw new Error("the agent ended");
      await sleep(50);
    }
  };

  say("handing them over");
  const startedAt = performance.now();
  const first = start();
  await untilHanded(rows, first.child);
  const handedMs = performance.now() - startedAt;
  const handedSeconds = cpuSeconds(first.pid);
  const handedPeak = peakBytes(first.pid);
  // The last answers reach its disk.
  await sleep(2_000);
  await first.kill();

  say("starting again");
  const before = server.entries();
  db.say();
  const againAt = performance.now();
  const again = start();
  await untilHanded(before + 1, again.child);
  const startMs = performance.now() - againAt;
  await untilIdle(again.pid);
  const startSeconds = cpuSeconds(again.pid);
  const startPeak = peakBytes(again.pid);
  if (server.entries() > before + 1) throw new Error("something was handed over twice");

  const share = async (during: () => Promise<void>) => {
    const [cpu, from] = [cpuSeconds(again.pid), performance.now()];
    await during();
    return ((cpuSeconds(again.pid) - cpu) * 1_000) / (performance.now() - from);
  };
  const watchedMs = WATCHED_MS * Math.max(scale, 0.5);
  say("nothing is written");
  const quiet = await share(() => sleep(watchedMs));
  say("a message a second");
  let written = 0;
  const busy = await share(async () => {
    for (const until = performance.now() + watchedMs; performance.now() < until; written += 1) {
      db.say();
      await sleep(1_000);
    }
  });
  await sleep(3_000);
  if (server.entries() - before - 1 < written) throw new Error("a message was not handed over");
  const said = { aim: "said apart", met: () => true };
  const aim = { unit: "", aim: "under 0.01", met: (value: number) => value < MOST };
  const handing = `a chat.db of ${rows} rows handed over by the Mac's agent`;
  const starting = "started again with all of it handed over";
  return [
    figure({ figure: handing, value: rows / (handedMs / 1_000), unit: "rows/s", ...said }),
    figure({
      figure: `${handing}: processor time a row`,
      value: (handedSeconds * 1_000) / rows,
      unit: "ms",
      ...said,
    }),
    figure({ figure: `${handing}: most memory`, value: handedPeak / MIB, unit: "MiB", ...said }),
    figure({
      figure: `${starting}, until what was written meanwhile is handed over`,
      value: startMs / 1_000,
      unit: "s",
      ...said,
    }),
    figure({
      figure: `${starting}, processor time until all is compared`,
      value: startSeconds,
      unit: "s",
      ...said,
    }),
    figure({ figure: `${starting}: most memory`, value: startPeak / MIB, unit: "MiB", ...said }),
    figure({
      figure: "the Mac's agent, share of a core while it looks and nothing is written",
      value: quiet,
      ...aim,
    }),
    figure({
      figure: "the Mac's agent, share of a core while a message comes each second",
      value: busy,
      ...aim,
    }),
  ];
};

/** Until it takes no tenth of a core for some seconds. */
async function untilIdle(pid: number): Promise<void> {
  for (let before = -Infinity; ;) {
    const now = cpuSeconds(pid);
    if (now - before < 0.3) return;
    before = now;
    await sleep(3_000);
  }
}

/** The most memory that a process had. Linux only. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

/** Takes every batch for durable, and counts what is in them. */
async function countingServer() {
  let entries = 0;
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      response.setHeader("content-type", "application/json");
      if (request.url?.endsWith("/enrol"))
        return response.end(JSON.stringify({ agent: AGENT, kind: "mac-imessage", heartbeatSeconds: 900 }));
      const { number, entries: handed } = batch.parse(JSON.parse(body.toString()));
      entries += handed.length;
      return response.end(JSON.stringify({ agent: AGENT, number, sha256: hash("sha256", body) }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    entries: () => entries,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
