import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { LineReader } from "./lines.ts";

/** Accounts that the made-up network has: enough to reach every shard. */
export const ACCOUNTS = Array.from({ length: 16 }, (_, i) => `load-${i}`);

/** One event as the network has it. */
export interface Offered {
  readonly n: number;
  readonly account: string;
  readonly text: string;
}

/** Sent and not acknowledged, at most. */
const WINDOW = 2_000;
/** Not acknowledged, at most: then no more are made until some are. */
const MOST_WAITING = 200_000;
/** Every so many acknowledgements, one that was acknowledged long ago is sent again. */
const AGAIN_EVERY = 200;
const TICK_MS = 20;
const WORDS = "harbour lantern ferry bridge copper meadow signal winter paper anchor".split(" ");

/**
 * A messaging network outside of Daybook: it makes events, sends each until it is acknowledged, sometimes after that
 * too, and counts in a file of its own what was acknowledged. It knows nothing but what a connector tells it.
 */
export class Network {
  readonly #server: Server;
  readonly #counter: number;
  readonly #waiting = new Set<number>();
  #acknowledged = new Uint8Array(1 << 16);
  #unsent: number[] = [];
  #socket: Socket | undefined;
  #inFlight = 0;
  #acks = 0;
  offered = 0;
  acknowledged = 0;
  /** Events not made because too many waited. */
  heldBack = 0;

  private constructor(server: Server, counter: number) {
    this.#server = server;
    this.#counter = counter;
    server.on("connection", (socket) => this.#serve(socket));
  }

  /** @param counter a file that lists what was acknowledged, one number a line */
  static async open(counter: string): Promise<Network> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new Network(server, openSync(counter, "a", 0o600));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Offered and not acknowledged. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isAcknowledged(n: number): boolean {
    return this.#acknowledged[n] === 1;
  }

  /** Makes events at this rate until `signal` aborts. */
  offer(perSecond: number, signal: AbortSignal): void {
    const began = performance.now();
    let due = 0;
    const timer = setInterval(() => {
      const until = Math.floor(((performance.now() - began) / 1_000) * perSecond);
      for (; due < until; due += 1) {
        if (this.#waiting.size >= MOST_WAITING) this.heldBack += 1;
        else {
          this.#waiting.add(this.offered);
          this.#unsent.push(this.offered);
          this.offered += 1;
        }
      }
      this.#send();
    }, TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await once(this.#server, "close");
    closeSync(this.#counter);
  }

  #serve(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    this.#inFlight = 0;
    // Whatever the last connection did not acknowledge comes again, in order.
    this.#unsent = [...this.#waiting];
    const lines = new LineReader();
    socket.setNoDelay(true);
    socket.on("data", (data) => {
      if (this.#socket !== socket) return;
      this.#count(lines.push(data).flatMap((line) => line.split(" ").map(Number)));
      this.#send();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    this.#send();
  }

  #count(numbers: readonly number[]): void {
    const fresh = numbers.filter((n) => this.#waiting.delete(n));
    this.#inFlight = Math.max(0, this.#inFlight - fresh.length);
    if (fresh.length === 0) return;
    writeSync(this.#counter, `${fresh.join("\n")}\n`);
    for (const n of fresh) {
      if (n >= this.#acknowledged.length) {
        const wider = new Uint8Array(Math.max(n + 1, 2 * this.#acknowledged.length));
        wider.set(this.#acknowledged);
        this.#acknowledged = wider;
      }
      this.#acknowledged[n] = 1;
      this.acknowledged += 1;
      this.#acks += 1;
      if (this.#acks % AGAIN_EVERY === 0) this.#socket?.write(lineOf(Math.floor(n / 2)));
    }
  }

  #send(): void {
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    const room = WINDOW - this.#inFlight;
    if (room <= 0 || this.#unsent.length === 0) return;
    const now = this.#unsent.splice(0, room);
    this.#inFlight += now.length;
    socket.write(now.map(lineOf).join(""));
  }
}

/** The same event is the same bytes whenever it is sent. */
function lineOf(n: number): string {
  const account = ACCOUNTS[n % ACCOUNTS.length]!;
  const text = Array.from({ length: 40 }, (_, i) => WORDS[(n * 7 + i * i * 3) % WORDS.length]).join(" ");
  const offered: Offered = { n, account, text: `message ${n}: ${text}` };
  return `${JSON.stringify(offered)}\n`;
}
