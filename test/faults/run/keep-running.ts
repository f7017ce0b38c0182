import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceProcess } from "../../deployment/service-process.ts";

const LOOK_MS = 200;
/** As systemd is told to wait, or Kubernetes does. */
const RESTART_MS = 1_000;

/** Starts again what ends, as the system of a deployment does. */
export class Supervisor {
  readonly #services: ReadonlyMap<string, ServiceProcess>;
  /** Those that a fault keeps down. */
  readonly #down = new Set<string>();
  /** Ends that no fault of the plan caused, by service: the last line that it printed each time. */
  readonly ends = new Map<string, string[]>();

  constructor(services: ReadonlyMap<string, ServiceProcess>) {
    this.#services = services;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#services].map(([name, service]) => this.#keep(name, service, signal)));
  }

  /** SIGKILL. It stays down until it is let up. */
  async down(name: string): Promise<void> {
    this.#down.add(name);
    await this.#of(name).stop("SIGKILL");
  }

  up(name: string): void {
    if (!this.#of(name).isRunning) this.#of(name).start();
    this.#down.delete(name);
  }

  async #keep(name: string, service: ServiceProcess, signal: AbortSignal): Promise<void> {
    const hasEnded = () => !signal.aborted && !service.isRunning && !this.#down.has(name);
    while (!signal.aborted) {
      if (hasEnded()) {
        const last = service.output.trimEnd().split("\n").at(-1) ?? "";
        this.ends.set(name, [...(this.ends.get(name) ?? []), last]);
        await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
        if (hasEnded()) service.start();
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #of(name: string): ServiceProcess {
    const service = this.#services.get(name);
    if (!service) throw new Error(`there is no service ${name}`);
    return service;
  }
}
