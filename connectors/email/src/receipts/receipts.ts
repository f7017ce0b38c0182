import { type Captured, ConnectorError, type Sink } from "@daybook/contract";
import { BackOff, Lane, type Log, type StateFile, type Waits } from "@daybook/keeping";
import { z } from "zod";
import type { KeptCopy } from "../copied/receive-copy.ts";
import { CONNECTOR } from "../events/message.ts";
import { sha256 } from "../reading/header-block.ts";
import { type Submission, submit } from "../submission.ts";
import { composeReceipt } from "./receipt.ts";

interface ReceiptsOptions extends ReceiptSettings {
  readonly state: StateFile<ReceiptKind>;
  readonly log: Log;
  readonly now: () => Date;
  /** Between attempts. */
  readonly waits?: Waits;
}

export interface ReceiptSettings {
  /** The address that they are from. */
  readonly from: string;
  readonly submission: Submission;
  /** To one address. */
  readonly perDay: number;
}

/** What the state file holds of them. */
export type ReceiptKind = "receipt" | "receipt-done" | "receipts-of-day";

const waiting = z.strictObject({
  digest: z.string(),
  account: z.string(),
  target: z.string(),
  to: z.string(),
  /** Base64. */
  message: z.string(),
  queuedAt: z.number(),
});
type Waiting = z.infer<typeof waiting>;

const WAITS = { firstMs: 5_000, mostMs: 15 * 60_000 };
const GIVE_UP_MS = 3 * 86_400_000;
/** As long as a copy that comes again gets no second receipt. */
const REMEMBERED_MS = 30 * 86_400_000;

/** Tells those who send copies what was kept of them. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #lane = new Lane();
  /** Resolves when there is one more. */
  #more = Promise.withResolvers<unknown>();

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Has a receipt sent for a copy that is durable. Once for each copy, however often it comes; none beyond so many a day to one
   * address. Durable once it resolves.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: the copy must come again
   */
  queue(kept: KeptCopy & { readonly sentBy: string }, receivedAt: Date): Promise<void> {
    return this.#lane.run(async () => {
      const { state, from, perDay, log } = this.#options;
      if (state.has("receipt", kept.digest) || state.has("receipt-done", kept.digest)) return;
      const day = `${receivedAt.toISOString().slice(0, 10)} ${kept.sentBy}`;
      const given = Number(state.get("receipts-of-day", day) ?? 0);
      if (given >= perDay) {
        log.info({}, "an address got as many receipts as it gets in a day");
        return;
      }
      const message = await composeReceipt(kept, { from, receivedAt });
      const value: Waiting = {
        digest: kept.digest,
        account: kept.account,
        target: kept.networkId,
        to: kept.sentBy,
        message: message.toString("base64"),
        queuedAt: receivedAt.getTime(),
      };
      await state.write([
        { kind: "receipt", name: kept.digest, value },
        { kind: "receipts-of-day", name: day, value: given + 1 },
      ]);
      this.#more.resolve(undefined);
    });
  }

  /** Sends what waits, until `signal` aborts. Each is recorded before it is sent. */
  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(this.#options.waits ?? WAITS);
    const isStopped = () => signal.aborted;
    signal.addEventListener("abort", () => this.#more.resolve(undefined), { once: true });
    while (!isStopped()) {
      this.#more = Promise.withResolvers();
      if (!(await this.#sendAll(sink, isStopped))) await backOff.wait(signal);
      else {
        backOff.reset();
        if (!isStopped()) await this.#more.promise;
      }
    }
  }

  /** @returns whether none is left */
  async #sendAll(sink: Sink, isStopped: () => boolean): Promise<boolean> {
    const { state, now } = this.#options;
    let isLeft = false;
    try {
      for (const one of this.#waiting()) {
        if (isStopped()) return true;
        if (!(await this.#send(one, sink))) isLeft = true;
      }
      for (const kind of ["receipt-done", "receipts-of-day"] as const)
        state.forget(kind, now().getTime() - REMEMBERED_MS);
    } catch (error) {
      if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      return false;
    }
    return !isLeft;
  }

  #waiting(): Waiting[] {
    const all = this.#options.state.all("receipt").map((value) => waiting.parse(value));
    return all.sort((a, b) => a.queuedAt - b.queuedAt);
  }

  /** @returns whether nothing more is to be done for it */
  async #send(one: Waiting, sink: Sink): Promise<boolean> {
    const { state, submission, log, now } = this.#options;
    const message = Buffer.from(one.message, "base64");
    await sink.capture([receiptEvent(one, message)]);
    const isTooLate = now().getTime() - one.queuedAt > GIVE_UP_MS;
    // The null sender: RFC 3834, section 3.3.
    const outcome = isTooLate ? "refused" : await submit({ from: "", to: one.to, message }, submission);
    if (outcome === "later") {
      log.warn({}, "a receipt cannot be sent now: it is tried again");
      return false;
    }
    if (outcome === "refused") await sink.capture([failedEvent(one, isTooLate)]);
    await state.write([
      { kind: "receipt", name: one.digest, value: undefined },
      { kind: "receipt-done", name: one.digest, value: true },
    ]);
    return true;
  }
}

function receiptEvent(one: Waiting, message: Buffer): Captured {
  return {
    eventId: `receipt:${one.digest}`,
    stableDigest: sha256(message),
    event: {
      ...about(one),
      text: "A receipt for it is sent to the address that sent it: what was kept, under which digest, and how strong it is.",
      raw: message.toString("base64"),
    },
  };
}

function failedEvent(one: Waiting, isTooLate: boolean): Captured {
  const why = isTooLate ? "no mail server took it for three days" : "the mail server refuses it";
  return {
    eventId: `receipt:${one.digest}:failed`,
    stableDigest: sha256(why),
    event: { ...about(one), text: `Its receipt was not sent: ${why}.`, raw: "" },
  };
}

function about({ account, target, queuedAt }: Waiting) {
  return {
    v: 1,
    kind: "notice",
    network: "email",
    method: "copied",
    provenance: "captured",
    account,
    target,
    receivedAt: new Date(queuedAt).toISOString(),
    connector: CONNECTOR,
  } as const;
}
