import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import type { Log } from "@daybook/keeping";
import { type LinkHealth, Signal, type SignalOptions } from "../../src/index.ts";
import { type MockSignal, startMockSignal } from "./mock-signal.ts";

export const KEY = Buffer.alloc(32, 7);
export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** An office whose official's Signal is captured, with Signal's own mock server in this process. */
export class Office {
  readonly mock: MockSignal;
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-signal-"));
  readonly health: LinkHealth[] = [];
  sink = new RecordingSink();
  signal: Signal;
  #stopping = new AbortController();
  #running: Promise<void>;
  #options: Partial<SignalOptions>;

  private constructor(mock: MockSignal, options: Partial<SignalOptions>) {
    this.mock = mock;
    this.#options = options;
    this.signal = this.#make();
    this.#running = this.#run();
  }

  /** @param arrange what depends on where the mock is */
  static async open(
    options: Partial<SignalOptions> = {},
    arrange: (mock: MockSignal) => Promise<Partial<SignalOptions>> = () => Promise.resolve({}),
  ): Promise<Office> {
    const mock = await startMockSignal();
    return new Office(mock, { ...options, ...(await arrange(mock)) });
  }

  /** @param mock closed with the office */
  static over(mock: MockSignal, options: Partial<SignalOptions>): Promise<Office> {
    return Promise.resolve(new Office(mock, options));
  }

  /** Links a phone by the code that is shown, as an official does, and waits until everything is in sync. */
  async link(phone: PrimaryDevice, friends: readonly PrimaryDevice[] = [], name = "Olivia"): Promise<Device> {
    let provisioned: Promise<Device> | undefined;
    for await (const step of this.signal.linker.link({ id: `id-${name}`, name }, this.#stopping.signal)) {
      if (step.step !== "show") continue;
      const { url } = step;
      provisioned = this.mock.server
        .waitForProvision()
        .then((pending) => pending.complete({ provisionURL: url, primaryDevice: phone }));
    }
    const device = await provisioned!;
    await phone.waitForSync(device);
    for (const friend of friends) await befriend(friend, device);
    await this.until(() => this.linkOf(phone)?.status === "live");
    return device;
  }

  linkOf(phone: PrimaryDevice): LinkHealth | undefined {
    return this.signal.health().find(({ account }) => account === phone.device.aci);
  }

  /** Waits until somebody's name, which the phone tells, has been learned. */
  async knows(phone: PrimaryDevice, whom: PrimaryDevice, name: string): Promise<void> {
    const { relay } = this.signal;
    while ((await relay.conversation(phone.device.aci, whom.device.aci))?.title !== name) await sleep(5);
  }

  /** What was captured but for coverage and word of the link itself. */
  get events(): Captured["event"][] {
    return this.sink.captured
      .filter(({ eventId }) => !/^(coverage|notice:linked|gap:before-link|gap:device-change):/.test(eventId))
      .map(({ event }) => event);
  }

  /** The first event captured that fits. */
  async event(fits: (event: Captured["event"]) => boolean): Promise<Captured["event"]> {
    return (await this.captured(({ event }) => fits(event))).event;
  }

  async captured(fits: (captured: Captured) => boolean): Promise<Captured> {
    await this.until(() => this.sink.captured.some(fits));
    return this.sink.captured.find(fits)!;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await sleep(5);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.signal.close();
  }

  /** From the next start on. */
  with(options: Partial<SignalOptions>): this {
    this.#options = { ...this.#options, ...options };
    return this;
  }

  /** As a process that starts again, over the same files. */
  start(sink = this.sink): void {
    this.sink = sink;
    this.#stopping = new AbortController();
    this.signal = this.#make();
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.mock.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #make(): Signal {
    return new Signal({
      dir: this.dir,
      key: KEY,
      servers: this.mock.servers,
      deviceName: "Daybook",
      userAgent: "Daybook/0.1",
      log: silent,
      onHealth: (health) => this.health.push(health),
      ...this.#options,
    });
  }

  #run(): Promise<void> {
    const running = this.signal.run(this.sink, this.#stopping.signal);
    running.catch(() => undefined);
    return running;
  }
}

/** Lets somebody write to a device: hands over one of its prekeys, as the server would. */
export async function befriend(friend: PrimaryDevice, device: Device): Promise<void> {
  await friend.addSingleUseKey(device, await device.popSingleUseKey());
}
