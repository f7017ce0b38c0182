// Run by million.ts: the whole machine over a home, as `daybook up` composes it, with one connector beside, which
// hands over 2,000 events a second from when it is sent `SIGUSR2` until it is sent it again. Prints one line when
// ready, and how many were handed over when it ends.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Live } from "@daybook/capture";
import { openHome } from "@daybook/compose";
import type { Captured } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { compose } from "../../../services/cli/src/up/compose.ts";
import { openKeys } from "../../../services/cli/src/up/keys.ts";
import { PASSPHRASE } from "./engines.ts";
import { event } from "./events.ts";

const PER_SECOND = 2_000;
const TICK_MS = 50;

let running = false;
let handedOver = 0;
process.on("SIGUSR2", () => (running = !running));
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const live: Live = {
  name: "bench",
  accounts: [{ custodian: "Bench", network: "whatsapp", method: "linked-device" }],
  connect: (custodian) => ({
    async run(sink, signal) {
      let start = 0;
      let since = 0;
      while (!signal.aborted) {
        await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
        if (!running) {
          start = 0;
          continue;
        }
        if (start === 0) [start, since] = [performance.now(), handedOver];
        const due = since + Math.floor(((performance.now() - start) / 1000) * PER_SECOND) - handedOver;
        const events = Array.from({ length: due }, (_, at) => captured(handedOver + at, custodian("Bench")));
        if (due > 0) await sink.capture(events);
        handedOver += due;
      }
    },
  }),
};

function captured(i: number, custodian: { id: string; name: string }): Captured {
  const { capturedAt: _, attachments: __, ...rest } = event(i);
  const eventId = `live:${i}`;
  const stableDigest = createHash("sha256").update(eventId).digest("hex");
  return { eventId, stableDigest, event: { ...rest, network: "whatsapp", account: "Bench", custodian } };
}

const home = await openHome(process.argv[2] ?? "", { sample: false });
const logger = createLogger("bench", "error", { file: join(home.paths.logs, "bench.log") });
try {
  await compose(
    {
      home,
      keys: await openKeys(home.paths.keys, () => Promise.resolve(PASSPHRASE)),
      host: "127.0.0.1",
      port: 0,
      version: "0",
      zone: "Europe/London",
      live: [live],
      log: () => logger,
      onReady: ({ url }) => {
        process.stdout.write(`${JSON.stringify({ url })}\n`);
        return Promise.resolve();
      },
    },
    stop.signal,
  );
} finally {
  await home.close();
  await logger.close();
}
process.stdout.write(`${JSON.stringify({ handedOver })}\n`);
