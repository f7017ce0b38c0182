import type { LinkHealth } from "@daybook/contract";
import { held } from "./holders.ts";
import type { OfficialNumber } from "./options.ts";
import { STATUS } from "./smpp/index.ts";

const PASSWORD =
  "The aggregator refuses the system id or the password: ask it, and give Daybook the right ones";
const ALREADY =
  "The aggregator says that somebody else is bound with this system id: end that, or ask it for another";

/** In the words of an operator. */
const REFUSALS: Readonly<Record<number, string>> = {
  [STATUS.invalidPassword]: PASSWORD,
  [STATUS.invalidSystemId]: PASSWORD,
  [STATUS.bindFailed]: PASSWORD,
  [STATUS.alreadyBound]: ALREADY,
};

interface HostStanding {
  readonly isBound: boolean;
  readonly refusal: number | undefined;
}

/** How the link to the aggregator stands: it is up while one of its hosts is bound. */
export class Standing {
  readonly #numbers: readonly OfficialNumber[];
  readonly #hosts: HostStanding[];
  readonly #now: () => Date;
  #downSince: Date | undefined;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(of: {
    readonly numbers: readonly OfficialNumber[];
    readonly hosts: number;
    readonly now: () => Date;
  }) {
    this.#numbers = of.numbers;
    this.#hosts = Array.from({ length: of.hosts }, () => ({ isBound: false, refusal: undefined }));
    this.#now = of.now;
    this.#downSince = of.now();
  }

  /** @param host its place among the hosts @param refusal command_status, where the bind was refused */
  hear(host: number, state: "bound" | "down", refusal?: number): void {
    this.#hosts[host] = { isBound: state === "bound", refusal };
    const isUp = this.#hosts.some(({ isBound }) => isBound);
    this.#downSince = isUp ? undefined : (this.#downSince ?? this.#now());
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Whether messages come, and what resolves when that may have changed. */
  get link(): { readonly state: "live" | "down"; readonly changed: Promise<void> } {
    return { state: this.#downSince ? "down" : "live", changed: this.#changed.promise };
  }

  all(): readonly LinkHealth[] {
    const refusal = this.#hosts.find((one) => one.refusal !== undefined)?.refusal;
    const isPartly = this.#downSince === undefined && this.#hosts.some(({ isBound }) => !isBound);
    const problem =
      refusal === undefined
        ? undefined
        : (REFUSALS[refusal] ?? `The aggregator refuses the bind (status ${refusal})`);
    return held(this.#numbers, this.#now().getTime()).map(({ number, custodian }) => ({
      account: number,
      custodian,
      status: this.#downSince === undefined ? "live" : refusal === undefined ? "down" : "refused",
      ...(problem !== undefined && { problem }),
      alerts: isPartly ? ["one-host-down"] : [],
      ...(this.#downSince && { downSince: this.#downSince }),
    }));
  }
}
