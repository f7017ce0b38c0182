// Captures the accounts in the directory of its first argument until it is killed, with Chromium's arguments as JSON at its
// second. What it hands on goes to the file at its third, a line each, durable before it is taken to be captured. Messages
// are never answered where its fourth is `lost`, which keeps nothing of them, or `kept`. Says, a line each, how the link stands.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { WhatsAppWeb } from "../../src/index.ts";

const [dir, chromiumArgs, output, fault] = process.argv.slice(2);
const file = openSync(output!, "a");

class FileSink extends RecordingSink {
  override capture(events: readonly Captured[]): Promise<void> {
    const isHeld = fault !== "" && events.some(({ event }) => event.kind === "message");
    if (!isHeld || fault === "kept") this.#keep(events);
    if (!isHeld) return Promise.resolve();
    writeSync(1, "holding\n");
    return new Promise(() => undefined);
  }

  #keep(events: readonly Captured[]): void {
    const lines = events.map(({ eventId, stableDigest, event: { kind, text, networkId, target, gap } }) =>
      JSON.stringify([eventId, stableDigest, kind, text ?? "", target ?? networkId ?? gap?.about ?? ""]),
    );
    writeSync(file, `${lines.join("\n")}\n`);
    fsyncSync(file);
  }
}

const none = () => undefined;
const web = new WhatsAppWeb({
  dir: join(dir!, "kept"),
  runningDir: join(dir!, "running"),
  key: Buffer.alloc(32, 7),
  chromiumArgs: JSON.parse(chromiumArgs!) as string[],
  deviceName: "Daybook",
  restartWaits: { firstMs: 50, mostMs: 200 },
  log: { info: none, warn: none, error: none },
  onHealth: ({ status }) => writeSync(1, `${status}\n`),
});
await web.run(new FileSink(), new AbortController().signal);
