import type { LinkHealth } from "@daybook/contract";
import { held } from "../holders.ts";
import type { OfficialNumber } from "../options.ts";
import { covers, type WebhookSource } from "./source.ts";

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
  readonly #sources: readonly Pick<WebhookSource, "name" | "numbers">[];
  readonly #now: () => number;
  readonly #refused = new Map<string, number>();
  readonly #unprovedSince = new Map<string, number>();
  readonly #behindSince = new Map<string, number>();
  readonly #credentials = new Set<string>();

  constructor(of: {
    readonly numbers: readonly OfficialNumber[];
    readonly sources: readonly Pick<WebhookSource, "name" | "numbers">[];
    readonly now: () => Date;
  }) {
    this.#numbers = of.numbers;
    this.#sources = of.sources;
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
    return held(this.#numbers, this.#now()).map(({ number, custodian }) => {
      const alerts = this.#alertsOf(number);
      const [first] = alerts;
      return {
        account: number,
        custodian,
        status: first === undefined ? "live" : "needs-attention",
        ...(first !== undefined && { problem: SENTENCES[first] }),
        alerts,
      };
    });
  }

  #alertsOf(number: string): Alert[] {
    const names = this.#sources.filter((source) => covers(source, number)).map(({ name }) => name);
    const isOver = (since: ReadonlyMap<string, number>, ms: number) =>
      names.some((name) => this.#now() - (since.get(name) ?? Infinity) >= ms);
    return [
      ...(isOver(this.#unprovedSince, UNPROVED_MS) ? (["signature-refused"] as const) : []),
      ...(names.some((name) => this.#credentials.has(name)) ? (["reconciliation-refused"] as const) : []),
      ...(isOver(this.#behindSince, BEHIND_MS) ? (["reconciliation-behind"] as const) : []),
    ];
  }
}
