import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
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

const batch = z.object({ number: z.int(), entries: z.array(z.unknown()) });

/**
 * What a Mac's agent takes of a processor that has handed over half a million messages: while nothing is written, and while a
 * message comes each second. The server only counts.
 */
export const polling: Bench = async ({ scale, dir, say }) => {
  const rows = ROWS * scale;
  await using closing = new AsyncDisposableStack();
  say(`writing ${rows} messages`);
  const messages = join(dir, "Messages");
  const db = writeRows(messages, rows);
  closing.defer(() => db.close());
  const server = await countingServer();
  closing.defer(() => server.close());
  const home = join(dir, "agent");
  await mkdir(home, { mode: 0o700 });
  const program = join(import.meta.dirname, "watcher.ts");
  const args = [program, home, join(messages, "chat.db"), server.url];
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  closing.defer(async () => {
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  });
  say("handing them over");
  while (server.entries() < rows) {
    if (child.exitCode !== null) throw new Error("the agent ended");
    await sleep(50);
  }
  const handedMs = performance.now() - started;
  // What it does after the last answer is of the start too.
  await sleep(5_000);

  const share = async (during: () => Promise<void>) => {
    const [before, from] = [cpuSeconds(child.pid ?? 0), performance.now()];
    await during();
    return ((cpuSeconds(child.pid ?? 0) - before) * 1_000) / (performance.now() - from);
  };
  const watchedMs = WATCHED_MS * Math.max(scale, 0.25);
  say("nothing is written");
  const quiet = await share(() => sleep(watchedMs));
  say("a message a second");
  const before = server.entries();
  let written = 0;
  const busy = await share(async () => {
    for (const until = performance.now() + watchedMs; performance.now() < until; written += 1) {
      db.say();
      await sleep(1_000);
    }
  });
  await sleep(3_000);
  if (server.entries() - before < written) throw new Error("a message was not handed over");
  return [
    figure({
      figure: `a chat.db of ${rows} rows handed over by the Mac's agent`,
      value: rows / (handedMs / 1_000),
      unit: "rows/s",
      aim: "said apart",
      met: () => true,
    }),
    figure({
      figure: "the Mac's agent, share of a core while it looks and nothing is written",
      value: quiet,
      unit: "",
      aim: "under 0.01",
      met: (value) => value < MOST,
    }),
    figure({
      figure: "the Mac's agent, share of a core while a message comes each second",
      value: busy,
      unit: "",
      aim: "under 0.01",
      met: (value) => value < MOST,
    }),
  ];
};

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
