import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryStores } from "@daybook/archive-core/testing";
import type { Sink } from "@daybook/contract";
import { WhatsAppWeb } from "@daybook/whatsapp-web";
import { memoryOf } from "../../../connectors/whatsapp-web/src/process/tree.ts";
import { Scope } from "../../../services/capture/src/scope.ts";
import { createSink } from "../../../services/capture/src/sink.ts";
import { linkedClient } from "../../fakes/whatsapp-web/client.ts";
import { findChromium, text, WhatsAppWebServer } from "../../fakes/whatsapp-web/index.ts";
import { type Bench, figure, timed } from "../figure.ts";
import { startArchiving } from "../spine/engines.ts";

const MESSAGES = 20_000;
const WARM_UP = 1_000;
const FRIEND = "15550002000@c.us";
const TEXT =
  "Can the ferry sail on Friday? The pilot says that the harbour is closed until the wind drops. ".repeat(2);
const MIB = 2 ** 20;
const none = () => undefined;

/**
 * Messages a second from WhatsApp's server to a record that can be found: through the page, the library's process, the
 * connector and the archiver. Beside it: the library alone in the same Chromium, which keeps nothing.
 */
export const capturing: Bench = async ({ scale, dir, say }) => {
  const count = Math.round(MESSAGES * scale);
  await using open = new AsyncDisposableStack();
  const archiving = await startArchiving(join(dir, "archive"));
  open.defer(() => archiving.close());
  const server = await WhatsAppWebServer.start();
  open.defer(() => server.stop());
  const scope = new Scope({ version: 0, rules: [] }, randomBytes(32));
  const sink = createSink({
    publisher: archiving.publisher,
    // Nothing here has a medium.
    records: memoryStores().records,
    shards: 1,
    spoolDir: dir,
    now: () => new Date(),
    maxBytes: 1,
    scope: () => Promise.resolve(scope),
  });
  let captured = 0;
  const counting: Sink = {
    attach: (body, about) => sink.attach(body, about),
    report: none,
    async capture(events) {
      await sink.capture(events);
      captured += events.filter(({ event }) => event.kind === "message").length;
    },
  };
  const web = new WhatsAppWeb({
    dir: join(dir, "kept"),
    runningDir: join(dir, "running"),
    key: randomBytes(32),
    chromiumArgs: server.chromiumArgs,
    deviceName: "Daybook",
    log: { info: none, warn: none, error: none },
  });
  const stopping = new AbortController();
  const running = web.run(counting, stopping.signal);
  open.defer(async () => {
    stopping.abort();
    await running;
  });
  say("links");
  for await (const step of web.linker.link({ id: "olivia", name: "Olivia" }, stopping.signal))
    if (step.step === "show") server.scan(step.url);
  while (web.health()[0]?.status !== "live") await sleep(5);
  // What is done once after a start is done by then.
  await sleep(5_000);
  const idleBytes = memoryOf(sessionProcess());

  const taken = async (until: () => boolean, many: number) => {
    server.deliverMany(Array.from({ length: many }, () => text({ from: FRIEND }, TEXT)));
    while (!until()) await sleep(2);
  };
  await taken(() => captured >= WARM_UP, WARM_UP);
  say("captures");
  const whole = await timed(async () => {
    await taken(() => captured >= WARM_UP + count, count);
    await archiving.progress.archived("0", sink.reached.get(0) ?? 0, { flush: true });
  });
  stopping.abort();
  await running;

  say("the library alone");
  const client = await linkedClient(server, join(dir, "alone"), findChromium() ?? "");
  open.defer(() => client.stop());
  const heard = () => client.of("message_create").length;
  await taken(() => heard() >= WARM_UP, WARM_UP);
  const alone = await timed(() => taken(() => heard() >= WARM_UP + count, count));
  const rate = (ms: number) => count / (ms / 1_000);
  return [
    figure({
      figure: "messages of a linked device, from WhatsApp's server to the archive",
      value: rate(whole.ms),
      unit: "/s",
      baseline: { name: "whatsapp-web.js alone, which keeps nothing", value: rate(alone.ms) },
      aim: "1,000",
      met: (value) => value >= 1_000,
    }),
    figure({
      figure: "memory of an idle linked device: its process and its Chromium (PSS)",
      value: idleBytes / MIB,
      unit: "MiB",
      aim: "said apart",
      met: () => true,
    }),
  ];
};

/** The process of the one account: its Chromium came of it. */
function sessionProcess(): number {
  const pid = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const parent = /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return Number(parent) === process.pid && command.includes("whatsapp-web/src/child/program.ts");
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error("no account's process runs");
  return Number(pid);
}
