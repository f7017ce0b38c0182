import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Captured, ConnectorError, envelope } from "@daybook/contract";
import { Canary, missingOf, type StateFile } from "../src/index.ts";
import type { Fault } from "./support/faulty-disk.ts";
import { type Kind, openState } from "./support/state.ts";

const MINUTE_MS = 60_000;
const BEGUN = Date.UTC(2026, 2, 4, 12);
const about = {
  network: "sms",
  method: "carrier",
  account: "+447700900123",
  connector: { name: "a test's", version: "1" },
} as const;
const never = new AbortController().signal;

/** A channel that can be deaf, tested from outside. */
class Channel {
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-canary-"));
  readonly sent: string[] = [];
  readonly faults: Fault[] = [];
  readonly #records = new Map<string, Captured>();
  time = BEGUN;
  isUnsendable = false;
  #state: StateFile<Kind> | undefined;
  canary: Canary;

  constructor() {
    this.canary = this.crash();
  }

  /** The process is gone, and another opens the file. */
  crash(): Canary {
    this.#state?.close();
    this.#state = openState(join(this.dir, "state"), { now: () => new Date(this.time) });
    return (this.canary = new Canary({
      state: this.#state,
      about,
      send: (text) => {
        this.sent.push(text);
        return this.isUnsendable ? Promise.reject(new Error("injected")) : Promise.resolve();
      },
      everyMs: 15 * MINUTE_MS,
      withinMs: 2 * MINUTE_MS,
      record: (events) => this.#record(events),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      now: () => new Date(this.time),
    }));
  }

  /** Sends a test, which arrives or does not, and looks when it is overdue. */
  async test(arrives: boolean): Promise<void> {
    this.time += 15 * MINUTE_MS;
    await this.canary.send(never);
    this.time += MINUTE_MS;
    if (arrives) expect(await this.canary.hear(this.sent.at(-1)!)).toBe(true);
    this.time += MINUTE_MS + 1;
    await this.canary.look();
  }

  /** What is recorded, each once, in minutes from the beginning. */
  get said(): string[] {
    const minute = (at: string) => Math.floor((Date.parse(at) - BEGUN) / MINUTE_MS);
    return [...this.#records.values()].map(({ event: { coverage, gap } }) =>
      coverage
        ? `${coverage.state} ${minute(coverage.from)}-${minute(coverage.to)}`
        : `gap from ${minute(gap!.from!)}`,
    );
  }

  remove(): void {
    this.#state?.close();
    rmSync(this.dir, { recursive: true });
  }

  async #record(events: readonly Captured[]): Promise<void> {
    const fault = this.faults.shift();
    if (fault !== "lost")
      for (const one of events) {
        const event = { ...one.event, capturedAt: "2026-03-04T12:00:00.000Z" };
        envelope.parse({ v: 1, eventId: one.eventId, stableDigest: one.stableDigest, keys: [], event });
        this.#records.set(`${one.eventId} ${one.stableDigest}`, one);
      }
    if (fault) return Promise.reject(new ConnectorError("stream-unavailable", `injected: ${fault}`));
    return Promise.resolve();
  }
}

let channel: Channel;
beforeEach(() => (channel = new Channel()));
afterEach(() => channel.remove());

describe("a test message", () => {
  it("that arrives is coverage since the one before, and no message, however often it comes", async () => {
    await channel.test(true);
    await channel.test(true);
    expect(await channel.canary.hear(`From the network: ${channel.sent[0]} .`)).toBe(true);
    await channel.canary.look();
    expect(channel.said).toEqual(["live 15-16", "live 15-33"]);
    expect([channel.canary.alerts, channel.canary.downSince]).toEqual([[], undefined]);
  });

  it("that something else tells of than the channel is known, and has not arrived", async () => {
    await channel.test(false);
    const [sent = ""] = channel.sent;
    expect([channel.canary.knows(sent), channel.crash().knows(sent)]).toEqual([true, true]);
    expect(channel.canary.knows(`daybook-canary ${"0".repeat(32)}`)).toBe(false);
    expect(channel.canary.knows("Hello")).toBe(false);
    expect(channel.canary.alerts).toEqual(["canary-missing"]);
  });

  it("that does not arrive is one gap and an alarm, until one does", async () => {
    await channel.test(true);
    await channel.test(false);
    await channel.test(false);
    expect(channel.said).toEqual(["live 15-16", "gap from 15"]);
    expect(channel.canary.alerts).toEqual(["canary-missing"]);
    expect(channel.canary.downSince).toBe(BEGUN + 15 * MINUTE_MS);
    await channel.test(true);
    expect(channel.said.slice(2)).toEqual(["down 15-66", "live 66-67"]);
    expect([channel.canary.alerts, channel.canary.downSince]).toEqual([[], undefined]);
  });

  it("that arrives too late is no message either", async () => {
    await channel.test(false);
    channel.time += 60 * MINUTE_MS;
    expect(await channel.canary.hear(channel.sent[0]!)).toBe(true);
  });

  it("of somebody else is a message", async () => {
    for (const text of [
      "Hello",
      "",
      "daybook-canary",
      `daybook-canary ${"0".repeat(32)}`,
      "a".repeat(1_000_000),
    ])
      expect(await channel.canary.hear(text)).toBe(false);
  });

  it("that could not be sent tells nothing of the channel", async () => {
    channel.isUnsendable = true;
    await channel.test(false);
    expect(channel.said).toEqual([]);
    expect(channel.canary.alerts).toEqual(["canary-not-sent"]);
    // It was sent all the same.
    expect(await channel.canary.hear(channel.sent[0]!)).toBe(true);
  });

  it("is known over a crash, and alarms go on", async () => {
    await channel.test(false);
    await channel.canary.send(never);
    channel.crash();
    expect(channel.canary.alerts).toEqual(["canary-missing"]);
    expect(await channel.canary.hear(channel.sent.at(-1)!)).toBe(true);
    expect(await channel.canary.hear(channel.sent.at(-1)!)).toBe(true);
  });

  it("is recorded once, where that fails either way", async () => {
    channel.faults.push("lost", "kept");
    await channel.test(true);
    await channel.canary.look();
    channel.crash();
    await channel.canary.look();
    expect(channel.said).toEqual(["live 15-16"]);
  });

  it("is sent and noticed until it is told to stop", async () => {
    const stopping = new AbortController();
    const running = channel.canary.run(stopping.signal);
    while (channel.sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    await running;
    expect(channel.sent).toHaveLength(1);
  });
});

describe("what a provider has and we do not", () => {
  const compared = {
    about,
    from: new Date(BEGUN),
    to: new Date(BEGUN + MINUTE_MS),
    answer: Buffer.from("{}"),
  };

  it("is a gap that names it, with the provider's answer", () => {
    const missing = missingOf({ ...compared, theirs: ["b", "a", "c", "a"], ours: ["b", "z"] });
    expect(missing).toMatchObject({
      eventId: "reconciled:2026-03-04T12:00:00.000Z:2026-03-04T12:01:00.000Z",
      event: {
        kind: "gap",
        raw: "e30=",
        gap: {
          about: "a c",
          why: "The provider has 3 messages of this interval, of which 2 were not captured",
        },
      },
    });
    expect(missingOf({ ...compared, theirs: ["a", "b", "c"], ours: ["z", "b"] })).toEqual(missing);
  });

  it("is a gap where it only counts them, and nothing where it has no more than we", () => {
    expect(missingOf({ ...compared, theirs: 5, ours: 3 })?.event.gap?.why).toContain("of which 2");
    expect(missingOf({ ...compared, theirs: 5, ours: ["a", "b"] })?.event.gap?.why).toContain("of which 3");
    for (const ours of [5, 6]) expect(missingOf({ ...compared, theirs: 5, ours })).toBeUndefined();
    expect(missingOf({ ...compared, theirs: ["a"], ours: ["a", "b"] })).toBeUndefined();
  });
});
