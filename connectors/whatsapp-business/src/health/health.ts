import type { LinkHealth } from "@daybook/contract";
import type { ApprovedTemplate, BusinessNumber } from "../options.ts";
import { accountNotice } from "../reading/account-notice.ts";
import { metadataOf } from "../reading/schema.ts";
import type { BusinessState, StateChange } from "../state.ts";
import type { Item } from "../webhook/items.ts";
import { accountVerdict } from "./account-verdict.ts";
import { ENDED, type Verdict } from "./concern.ts";
import { healthOf, heard, judgedBy, type Standing, standing, UNKNOWN } from "./standing.ts";

const TOKEN_CODE = "token-refused";
const TOKEN_WORDS =
  "Meta refuses the access token: what comes is recorded, media and answers wait. Make another for the system user, and start capture again with it. Media are lost after 7 days";

export interface HealthOptions {
  readonly numbers: readonly BusinessNumber[];
  readonly state: BusinessState;
  readonly template: ApprovedTemplate | undefined;
  /** A number that usually hears and has not for so long is looked after. */
  readonly quietMs: number;
  readonly now: () => Date;
}

/**
 * How each number's link stands. What webhooks say of it is durable before they are acknowledged; what is found out
 * otherwise is written with the next beat, and found out again after a crash.
 */
export class Health {
  readonly #options: HealthOptions;
  readonly #numbers = new Map<string, Standing>();
  readonly #unwritten = new Set<string>();
  #unsignedSince: number | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
    for (const { phoneNumberId: id } of options.numbers)
      this.#numbers.set(id, standing.safeParse(options.state.get("health", id)).data ?? UNKNOWN);
  }

  /**
   * Takes what a signed webhook tells of.
   *
   * @returns what has to be durable before it is acknowledged, and whether a link has ended
   */
  hear(items: readonly Item[]): { readonly changes: readonly StateChange[]; readonly hasEnded: boolean } {
    const now = this.#options.now().getTime();
    const changed = new Set<string>();
    let hasEnded = false;
    this.#unsignedSince = undefined;
    for (const item of items) {
      const number = metadataOf(item.metadata);
      const id = number?.phone_number_id;
      if (id !== undefined && this.#numbers.has(id)) {
        this.#update(id, (one) => heard(one, now, item.list === "messages" ? writtenAt(item) : undefined));
        this.#introduce(id, { waba: item.entryId, display: number?.display_phone_number }, changed);
      }
      const verdict = accountVerdict(item, { now, template: this.#options.template });
      if (verdict.raise.length === 0 && verdict.settle.length === 0) continue;
      hasEnded ||= verdict.raise.some(({ status }) => ENDED.has(status));
      const at = Math.min(Number(item.entryTime ?? Infinity) * 1_000, now);
      for (const one of this.#concerned(item))
        if (this.#update(one, (before) => judgedBy(before, verdict, at))) changed.add(one);
    }
    return { changes: [...changed].map((one) => this.#written(one)), hasEnded };
  }

  /** A webhook came that no secret of ours signed. */
  unsigned(): void {
    this.#unsignedSince ??= this.#options.now().getTime();
  }

  /** What Meta answered to a request that bore the token. */
  token(isTaken: boolean): void {
    const at = this.#options.now().getTime();
    const raise = isTaken
      ? []
      : [{ code: TOKEN_CODE, status: "token-refused" as const, words: TOKEN_WORDS, since: at }];
    for (const [id, { concerns }] of this.#numbers) {
      if (isTaken && !concerns.some(({ code }) => code === TOKEN_CODE)) continue;
      this.#update(id, (one) => judgedBy(one, { raise, settle: isTaken ? [TOKEN_CODE] : [] }, at));
    }
  }

  /** What Meta answered about a number. */
  tell(id: string, { verdict, display }: { verdict: Verdict; display?: string }): void {
    this.#update(id, (one) => judgedBy(one, verdict, this.#options.now().getTime()));
    this.#introduce(id, { display, waba: undefined });
  }

  /** Runs until `signal` aborts; `beat` resolves when it is time to write down what is known. */
  async run(beat: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    let at = this.#options.now().getTime();
    while (!signal.aborted) {
      await beat(signal);
      const now = this.#options.now().getTime();
      const passed = Math.max(0, now - at);
      at = now;
      for (const id of this.#numbers.keys()) this.#update(id, (one) => later(one, passed, now));
      const unwritten = [...this.#unwritten].map((id) => this.#written(id));
      // What cannot be written is written with the next beat, or found out again.
      await this.#options.state.write(unwritten).then(
        () => this.#unwritten.clear(),
        () => undefined,
      );
    }
  }

  all(): LinkHealth[] {
    const { numbers, now, quietMs } = this.#options;
    const at = { now: now().getTime(), quietMs, unsignedSince: this.#unsignedSince };
    return numbers.map(({ phoneNumberId, custodian }) => ({
      account: phoneNumberId,
      custodian,
      ...healthOf(this.#numbers.get(phoneNumberId) ?? UNKNOWN, at),
    }));
  }

  /** Which of ours a notice is about: those that are not known to be of another account or to be another number. */
  #concerned({ entryId, value }: Item): string[] {
    const said = accountNotice.safeParse(value).data;
    const display = String(said?.display_phone_number ?? "").replace(/\D/g, "");
    const named = said?.entity_type === "PHONE_NUMBER" ? String(said.entity_id) : undefined;
    return [...this.#numbers].flatMap(([id, known]) => {
      const isAnother =
        (known.waba !== undefined && entryId !== undefined && known.waba !== entryId) ||
        (known.display !== undefined && display !== "" && known.display !== display) ||
        (named !== undefined && named !== id);
      return isAnother ? [] : [id];
    });
  }

  #introduce(
    id: string,
    { waba, display }: { waba: string | undefined; display: string | undefined },
    changed?: Set<string>,
  ): void {
    const digits = display?.replace(/\D/g, "");
    const isNew = this.#update(id, (one) =>
      (waba ?? one.waba) === one.waba && (digits || one.display) === one.display
        ? one
        : { ...one, ...(waba !== undefined && { waba }), ...(digits && { display: digits }) },
    );
    if (isNew) changed?.add(id);
  }

  /** @returns whether it is another now */
  #update(id: string, change: (before: Standing) => Standing): boolean {
    const before = this.#numbers.get(id);
    if (!before) return false;
    const after = change(before);
    if (after === before) return false;
    this.#numbers.set(id, after);
    this.#unwritten.add(id);
    return true;
  }

  #written(id: string): StateChange {
    return { kind: "health", name: id, value: this.#numbers.get(id) };
  }
}

/** So long with nothing heard; what is over by itself is forgotten. */
function later(of: Standing, passedMs: number, now: number): Standing {
  return {
    ...of,
    quietMs: of.quietMs + passedMs,
    concerns: of.concerns.filter(({ until = Infinity }) => until > now),
  };
}

function writtenAt({ value }: Item): number | undefined {
  const { timestamp } = (value ?? {}) as { timestamp?: unknown };
  const seconds = Number(timestamp);
  return seconds > 0 ? seconds * 1_000 : undefined;
}
