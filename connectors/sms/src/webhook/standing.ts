import type { LinkHealth } from "@daybook/contract";
import { held } from "../holders.ts";
import type { OfficialNumber } from "../options.ts";

/** One stranger's request is no alarm; that nothing else has come for so long is. */
const UNPROVED_MS = 3_600_000;
const BEHIND_MS = 3_600_000;

const SENTENCES = {
  "signature-refused":
    "Webhooks come that nothing proves, and no others: compare the provider's secrets and the URL that is set there",
  "reconciliation-refused":
    "The provider refuses the credentials for its list of messages: what no webhook told of is not found",
  "reconciliation-behind":
    "The provider's list of messages has not been had for an hour: what no webhook told of is not found yet",
} as const;
type Alert = keyof typeof SENTENCES;

/** How the ways that webhooks come by stand. Whether the provider reaches this process is not known by it. */
export class WebhookStanding {
  readonly #numbers: readonly OfficialNumber[];
  readonly #now: () => number;
  readonly #refused = new Map<string, number>();
  readonly #unprovedSince = new Map<string, number>();
  readonly #behindSince = new Map<string, number>();
  readonly #credentials = new Set<string>();

  constructor(of: { readonly numbers: readonly OfficialNumber[]; readonly now: () => Date }) {
    this.#numbers = of.numbers;
    this.#now = () => of.now().getTime();
  }

  /** Nothing proves a request to this source. @returns how many there were */
  refuse(source: string): number {
    const count = (this.#refused.get(source) ?? 0) + 1;
    this.#refused.set(source, count);
    if (!this.#unprovedSince.has(source)) this.#unprovedSince.set(source, this.#now());
    return count;
  }

  heard(source: string): void {
    this.#unprovedSince.delete(source);
  }

  /** How a comparison with the provider's list ended. */
  compared(source: string, as: "agreed" | "refused" | "unanswered"): void {
    if (as === "agreed") this.#behindSince.delete(source);
    else if (!this.#behindSince.has(source)) this.#behindSince.set(source, this.#now());
    if (as === "refused") this.#credentials.add(source);
    else if (as === "agreed") this.#credentials.delete(source);
  }

  all(): readonly LinkHealth[] {
    const alerts = this.#alerts();
    const [first] = alerts;
    return held(this.#numbers, this.#now()).map(({ number, custodian }) => ({
      account: number,
      custodian,
      status: first === undefined ? "live" : "needs-attention",
      ...(first !== undefined && { problem: SENTENCES[first] }),
      alerts,
    }));
  }

  #alerts(): Alert[] {
    const isOver = (since: ReadonlyMap<string, number>, ms: number) =>
      [...since.values()].some((at) => this.#now() - at >= ms);
    return [
      ...(isOver(this.#unprovedSince, UNPROVED_MS) ? (["signature-refused"] as const) : []),
      ...(this.#credentials.size > 0 ? (["reconciliation-refused"] as const) : []),
      ...(isOver(this.#behindSince, BEHIND_MS) ? (["reconciliation-behind"] as const) : []),
    ];
  }
}
