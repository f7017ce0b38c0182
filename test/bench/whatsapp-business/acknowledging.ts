import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { started } from "../../started.ts";
import { messages, text } from "../../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { APP } from "../../../connectors/whatsapp-business/test/support/app.ts";
import { GraphApi } from "../../fakes/graph-api.ts";
import { cpuSeconds } from "../engines/cpu.ts";
import { type Bench, figure, percentile, timed } from "../figure.ts";

const SENDERS = 64;
const EACH = 250;
const ROUNDS = 5;
const BATCH = 1_000;
const BATCHES = 20;
/** The code is compiled by then. */
const WARM_UP = 10;
const TEXT = "Can the ferry sail on Friday? The pilot says that the harbour is closed until the wind drops.";

/** How long Meta waits until a webhook is durable, 64 at once, and with all that one holds, beside one fdatasync. */
export const acknowledging: Bench = async ({ scale, dir, say }) => {
  await using closing = new AsyncDisposableStack();
  const meta = await Meta.start(dir);
  closing.defer(() => meta.stop());
  const disk = await open(join(dir, "bare"), "w");
  closing.defer(() => disk.close());
  const each = Math.max(2, Math.round((EACH * scale) / ROUNDS));
  const sent: number[] = [];
  const synced: number[] = [];
  let took = 0;
  // The first round is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    say(`round ${round} of ${ROUNDS}`);
    const all = Array.from({ length: SENDERS }, (_, sender) =>
      Array.from({ length: each }, (_, n) => meta.webhook(1, `${round}-${sender}-${n}`, sender)),
    );
    const times: number[] = [];
    const { ms } = await timed(() =>
      Promise.all(
        all.map(async (webhooks) => {
          for (const one of webhooks) times.push(await meta.post(one));
        }),
      ),
    );
    const flushes = await sync(disk, each * 8);
    if (round === 0) continue;
    took += ms;
    sent.push(...times);
    synced.push(...flushes);
  }
  say("batches");
  const batches: number[] = [];
  const beside: number[] = [];
  const count = Math.max(3, Math.round(BATCHES * scale));
  let cpuBefore = 0;
  for (let n = -WARM_UP; n < count; n += 1) {
    if (n === 0) cpuBefore = cpuSeconds(meta.pid);
    const ms = await meta.post(meta.webhook(BATCH, `batch-${n}`, 0));
    const flushes = await sync(disk, 50);
    if (n < 0) continue;
    batches.push(ms);
    beside.push(...flushes);
  }
  const cpuMs = ((cpuSeconds(meta.pid) - cpuBefore) * 1_000) / count;
  return [
    figure({
      figure: "webhooks acknowledged per second, 64 senders, one message each",
      value: sent.length / (took / 1_000),
      unit: "/s",
      baseline: { name: "fdatasyncs of 1 KiB, one after another", value: 1_000 / mean(synced) },
      aim: "said apart",
      met: () => true,
    }),
    figure({
      figure: "webhook acknowledged p99, 64 senders",
      value: percentile(sent, 0.99),
      unit: "ms",
      baseline: { name: "fdatasync of 1 KiB p99", value: percentile(synced, 0.99) },
      aim: "said apart",
      met: () => true,
    }),
    figure({
      figure: "batch of 1,000 updates acknowledged, median",
      value: percentile(batches, 0.5),
      unit: "ms",
      baseline: { name: "fdatasync of 1 KiB, mean", value: mean(beside) },
      aim: "under 100 ms",
      met: (value) => value < 100,
    }),
    figure({
      figure: "processor time of a batch of 1,000 updates",
      value: cpuMs,
      unit: "ms",
      aim: "under 100 ms",
      met: (value) => value < 100,
    }),
  ];
};

async function sync(disk: FileHandle, count: number): Promise<number[]> {
  const block = randomBytes(1_024);
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    await disk.write(block);
    times.push((await timed(() => disk.datasync())).ms);
  }
  return times;
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, one) => sum + one, 0) / times.length;
}

interface Webhook {
  readonly body: Buffer;
  readonly signature: string;
}

/** Meta, with a connection for each sender, and the connector that it posts to. */
class Meta {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  readonly #api: GraphApi;
  readonly #port: number;
  /** Of the connector's process. */
  readonly pid: number;
  readonly #stop: () => Promise<void>;

  private constructor(api: GraphApi, of: { port: number; pid: number }, stop: () => Promise<void>) {
    this.#api = api;
    this.#port = of.port;
    this.pid = of.pid;
    this.#stop = stop;
  }

  static async start(dir: string): Promise<Meta> {
    const program = join(import.meta.dirname, "receiver.ts");
    const child = spawn(process.execPath, [program, dir], { stdio: ["ignore", "pipe", "inherit"] });
    const port = Number(await started(child));
    return new Meta(await GraphApi.start(APP), { port, pid: child.pid ?? 0 }, async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    });
  }

  /** As many messages, each of somebody else from this sender on. */
  webhook(count: number, id: string, sender: number): Webhook {
    const all = Array.from({ length: count }, (_, n) =>
      text(`${TEXT} ${n}`, { id: `wamid.${id}-${n}`, from: `44770090${String(1_000 + sender + n)}` }),
    );
    const body = GraphApi.encode(messages(...all));
    return { body, signature: this.#api.sign(body) };
  }

  /** @returns milliseconds until it is acknowledged. @throws {Error} for anything but 200 */
  async post({ body, signature }: Webhook): Promise<number> {
    const headers = { "x-hub-signature-256": signature, "content-length": body.length };
    const to = { host: "127.0.0.1", port: this.#port, path: "/webhooks/whatsapp", agent: this.#agent };
    const { ms, value } = await timed(
      () =>
        new Promise<number>((resolve, reject) => {
          request({ ...to, method: "POST", headers }, (response) => {
            response.resume().on("end", () => resolve(response.statusCode ?? 0));
          })
            .on("error", reject)
            .end(body);
        }),
    );
    if (value !== 200) throw new Error(`a webhook was answered with ${value}`);
    return ms;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#stop();
    await this.#api.close();
  }
}
