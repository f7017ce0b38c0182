import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { type LinkHealth, Signal } from "@daybook/signal";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { type MockSignal, startMockSignal } from "../../../connectors/signal/test/support/mock-signal.ts";
import { timed } from "../figure.ts";
import { KEY } from "./key.ts";

const none = () => undefined;

/** Signal's own mock server in this process, and phones that link to a connector. */
export class SignalStand {
  readonly mock: MockSignal;
  /** Where the mock is, for a process of its own. */
  readonly description: string;

  private constructor(mock: MockSignal, dir: string) {
    this.mock = mock;
    this.description = join(dir, "servers.json");
    const { chat, ...servers } = mock.servers;
    if (chat === "signal") throw new Error("not a test server");
    const rootCertificate = Buffer.from(chat.rootCertificate).toString("base64");
    writeFileSync(this.description, JSON.stringify({ ...servers, port: chat.port, rootCertificate }));
  }

  static async open(dir: string): Promise<SignalStand> {
    return new SignalStand(await startMockSignal(), dir);
  }

  async phone(profileName: string, contacts: readonly PrimaryDevice[] = []): Promise<PrimaryDevice> {
    return this.mock.server.createPrimaryDevice({ profileName, contacts: [...contacts] });
  }

  /**
   * Links phones, one after another, to accounts whose files are in `dir`.
   *
   * @returns for each the device, and how long it took from the code's being scanned until it was live, milliseconds
   */
  async link(dir: string, phones: readonly PrimaryDevice[]): Promise<{ device: Device; ms: number }[]> {
    const signal = new Signal({
      dir,
      key: KEY,
      servers: this.mock.servers,
      deviceName: "Daybook",
      userAgent: "Daybook/0.1",
      log: { info: none, warn: none, error: none },
    });
    const stopping = new AbortController();
    const running = signal.run(new RecordingSink(), stopping.signal);
    try {
      const linked = [];
      for (const phone of phones) linked.push(await this.#linkOne(signal, phone, stopping.signal));
      return linked;
    } finally {
      stopping.abort();
      await running;
      await signal.close();
    }
  }

  async close(): Promise<void> {
    await this.mock.close();
  }

  async #linkOne(signal: Signal, phone: PrimaryDevice, stop: AbortSignal) {
    const provisioned: PromiseWithResolvers<Device> = Promise.withResolvers();
    let scannedAt = 0;
    const { ms } = await timed(async () => {
      for await (const step of signal.linker.link({ id: phone.device.aci, name: "Somebody" }, stop)) {
        if (step.step !== "show") continue;
        scannedAt = performance.now();
        const pending = await this.mock.server.waitForProvision();
        pending
          .complete({ provisionURL: step.url, primaryDevice: phone })
          .then(provisioned.resolve, provisioned.reject);
      }
      const isLive = ({ account, status }: LinkHealth) => account === phone.device.aci && status === "live";
      while (!signal.health().some(isLive)) await sleep(1);
    });
    const liveAt = performance.now();
    const device = await provisioned.promise;
    await phone.waitForSync(device);
    return { device, ms: Math.min(ms, liveAt - scannedAt) };
  }
}
