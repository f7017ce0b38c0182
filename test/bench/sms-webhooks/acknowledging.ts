import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { started } from "../../started.ts";
import {
  ACCOUNT,
  FERGUS,
  OFFICIAL,
  PUBLIC,
  TOKEN,
} from "../../../connectors/sms/test/webhook/support/names.ts";
import { Twilio } from "../../fakes/twilio.ts";
import { type Bench, figure, percentile, timed } from "../figure.ts";

const SENDERS = [1, 64] as const;
const EACH = { 1: 1_000, 64: 200 } as const;
const ROUNDS = 4;
const TEXT = "Can the ferry sail on Friday? The pilot says that the harbour is closed until the wind drops.";

/** How long Twilio waits until a message is durable, one after another and 64 at once, beside fdatasync in the same rounds. */
export const acknowledging: Bench = async ({ scale, dir, say }) => {
  await using closing = new AsyncDisposableStack();
  const sender = await Sender.start(dir);
  closing.defer(() => sender.stop());
  const disk = await open(join(dir, "bare"), "w");
  closing.defer(() => disk.close());
  const sent = new Map<number, number[]>(SENDERS.map((count) => [count, []]));
  const took = new Map<number, number>();
  const synced: number[] = [];
  // The first round is not counted: the code is compiled by then.
  for (let round = 0; round <= ROUNDS; round += 1) {
    say(`round ${round} of ${ROUNDS}`);
    for (const count of SENDERS) {
      const each = Math.max(2, Math.round((EACH[count] * scale) / ROUNDS));
      const all = Array.from({ length: count }, () => Array.from({ length: each }, () => sender.webhook()));
      const times: number[] = [];
      const { ms } = await timed(() =>
        Promise.all(
          all.map(async (webhooks) => {
            for (const one of webhooks) times.push(await sender.post(one));
          }),
        ),
      );
      if (round === 0) continue;
      took.set(count, (took.get(count) ?? 0) + ms);
      sent.get(count)?.push(...times);
    }
    const flushes = await sync(disk, Math.max(50, Math.round(250 * scale)));
    if (round > 0) synced.push(...flushes);
  }
  const mean = synced.reduce((sum, one) => sum + one, 0) / synced.length;
  return SENDERS.flatMap((count) => {
    const times = sent.get(count) ?? [];
    const who = count === 1 ? "one after another" : `${count} senders`;
    return [
      figure({
        figure: `SMS webhooks acknowledged per second, ${who}`,
        value: times.length / ((took.get(count) ?? 0) / 1_000),
        unit: "/s",
        baseline: { name: "fdatasyncs of 1 KiB, one after another", value: 1_000 / mean },
        aim: "said apart",
        met: () => true,
      }),
      figure({
        figure: `SMS webhook acknowledged p99, ${who}`,
        value: percentile(times, 0.99),
        unit: "ms",
        baseline: { name: "fdatasync of 1 KiB p99", value: percentile(synced, 0.99) },
        aim: "said apart",
        met: () => true,
      }),
    ];
  });
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

interface Webhook {
  readonly body: Buffer;
  readonly signature: string;
}

/** Twilio, with a connection for each sender, and the connector that it posts to. */
class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #twilio: Twilio;
  readonly #port: number;
  readonly #stop: () => Promise<void>;

  private constructor(twilio: Twilio, port: number, stop: () => Promise<void>) {
    this.#twilio = twilio;
    this.#port = port;
    this.#stop = stop;
  }

  static async start(dir: string): Promise<Sender> {
    const program = join(import.meta.dirname, "receiver.ts");
    const child = spawn(process.execPath, [program, dir], { stdio: ["ignore", "pipe", "inherit"] });
    const port = Number(await started(child));
    const twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
    return new Sender(twilio, port, async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    });
  }

  webhook(): Webhook {
    const message = this.#twilio.has({ from: FERGUS, to: OFFICIAL, body: TEXT });
    const parameters = this.#twilio.parametersOf(message);
    const body = parameters.map((one) => one.map(encodeURIComponent).join("=")).join("&");
    return { body: Buffer.from(body), signature: this.#twilio.sign(`${PUBLIC}/twilio`, parameters) };
  }

  /** @returns milliseconds until it is acknowledged. @throws {Error} for anything but 200 */
  async post({ body, signature }: Webhook): Promise<number> {
    const headers = {
      "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      "content-length": body.length,
      "x-twilio-signature": signature,
    };
    const to = { host: "127.0.0.1", port: this.#port, path: "/webhooks/sms/twilio", agent: this.#agent };
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
    await this.#twilio.close();
  }
}
