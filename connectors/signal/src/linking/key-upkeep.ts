import type { Log } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import type { SendContext } from "../sending/send.ts";
import type { LinkedAccount } from "../store/account.ts";
import { keepPreKeys } from "./keep-prekeys.ts";

const HOUR_MS = 3_600_000;
/** Between two looks, with jitter: 36 to 60 hours. */
const EVERY_MS = { least: 36 * HOUR_MS, jitter: 24 * HOUR_MS };
/** After a failure while there is a connection. */
const AGAIN_MS = HOUR_MS;

export interface KeyUpkeepOptions {
  readonly inTurn: (work: (context: SendContext) => Promise<void>) => Promise<void>;
  readonly adopt: (account: LinkedAccount) => void;
  readonly isConnected: () => boolean;
  readonly now: () => Date;
  readonly log: Log;
}

/** Looks after an account's prekeys, on each connection and every second day. What fails is told, and stops nothing. */
export class KeyUpkeep {
  readonly #options: KeyUpkeepOptions;
  #dueAt = 0;
  #isFailing = false;

  constructor(options: KeyUpkeepOptions) {
    this.#options = options;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get isDue(): boolean {
    return this.#options.now().getTime() >= this.#dueAt;
  }

  /** Repeatable. Resolves whatever came of it. */
  async run(): Promise<void> {
    const { inTurn, adopt, isConnected, now, log } = this.#options;
    const wait = (ms: number) => {
      this.#dueAt = now().getTime() + ms;
    };
    try {
      await inTurn((context) => keepPreKeys(context, adopt));
      wait(EVERY_MS.least + Math.random() * EVERY_MS.jitter);
      this.#isFailing = false;
    } catch (cause) {
      if (!(cause instanceof SignalError)) throw cause;
      wait(Math.max(AGAIN_MS, cause.retryAfterMs ?? 0));
      // The next connection looks after them.
      if (!isConnected()) return;
      this.#isFailing = true;
      log.error({ code: cause.code }, "the prekeys of an account on Signal could not be renewed");
    }
  }
}
