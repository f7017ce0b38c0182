import { auditEnvelope, encodeEnvelope, TOPICS } from "@daybook/contract";
import type { Refusal } from "./ask-witness.ts";
import type { WitnessingOptions } from "./options.ts";

/** What a witness says against a log. */
export interface RefusalFact {
  readonly why: Refusal;
  /** Of the checkpoint that it was asked to sign. */
  readonly size: number;
  /** Of the tree that it saw before. */
  readonly witnessSize: number;
}

/**
 * Watches over what is asked of outsiders: metrics, the log, and an audit record of each refusal. Archiving goes on
 * whatever they say. A witness, or whoever answers in its place, must not be able to stop the capture of records; and
 * what is archived meanwhile is in a log that both histories' checkpoints will be held against.
 */
export class Watch {
  readonly #options: Pick<WitnessingOptions, "deployment" | "publish" | "log" | "metrics" | "now">;
  /** Since when a shard has had a checkpoint without enough signatures. */
  readonly #uncosignedSince = new Map<string, number>();
  /** Refusals that are recorded, until that witness signs again. */
  readonly #recorded = new Map<string, string>();

  constructor(options: Pick<WitnessingOptions, "deployment" | "publish" | "log" | "metrics" | "now">) {
    this.#options = options;
  }

  signed(shard: string, witness: string): void {
    this.#recorded.delete(`${shard} ${witness}`);
    this.#refusing().set(0, { shard, witness });
  }

  failed(shard: string, witness: string, reason: string): void {
    const { log, metrics } = this.#options;
    metrics
      ?.counter("daybook_witness_failures_total", "Times that a witness did not sign", ["witness", "reason"])
      .inc({ witness, reason });
    log.warn({ shard, witness, reason }, "a witness did not sign, asking again later");
  }

  /** A log has two histories, by what this witness saw. Resolves once that is recorded, or could not be. */
  async refused(shard: string, witness: string, fact: RefusalFact): Promise<void> {
    const { log, metrics } = this.#options;
    metrics
      ?.counter("daybook_witness_failures_total", "Times that a witness did not sign", ["witness", "reason"])
      .inc({ witness, reason: fact.why });
    this.#refusing().set(1, { shard, witness });
    log.error({ shard, witness, ...fact }, "A WITNESS SAW ANOTHER HISTORY OF THIS LOG: somebody must look");
    const said = `${fact.why} ${fact.witnessSize}`;
    if (this.#recorded.get(`${shard} ${witness}`) === said) return;
    try {
      await this.#record(shard, witness, fact);
      this.#recorded.set(`${shard} ${witness}`, said);
    } catch (err) {
      log.error({ err, shard, witness }, "the refusal could not be recorded, trying again later");
    }
  }

  /** @param isDone whether the newest checkpoint has enough signatures */
  cosigned(shard: string, isDone: boolean): void {
    const now = this.#options.now().getTime();
    const since = isDone ? now : (this.#uncosignedSince.get(shard) ?? now);
    if (isDone) this.#uncosignedSince.delete(shard);
    else this.#uncosignedSince.set(shard, since);
    this.#options.metrics
      ?.gauge("daybook_witness_uncosigned_seconds", "For how long a log has lacked enough witnesses", [
        "shard",
      ])
      .set((now - since) / 1_000, { shard });
  }

  stamped(shard: string, at: Date): void {
    this.#options.metrics
      ?.gauge("daybook_stamp_last_seconds", "When a log was last stamped, in seconds since 1970", ["shard"])
      .set(at.getTime() / 1_000, { shard });
  }

  stampFailed(shard: string, reason: string): void {
    const { log, metrics } = this.#options;
    metrics
      ?.counter("daybook_stamp_failures_total", "Times that no stamp was had", ["reason"])
      .inc({ reason });
    log.warn({ shard, reason }, "a checkpoint could not be stamped, trying again later");
  }

  #refusing(): { set(value: number, labels: Readonly<Record<string, string>>): void } {
    const { metrics } = this.#options;
    const about = "1 where a witness saw another history of a log";
    return (
      metrics?.gauge("daybook_witness_refusing", about, ["shard", "witness"]) ?? { set: () => undefined }
    );
  }

  async #record(shard: string, witness: string, { why, size, witnessSize }: RefusalFact): Promise<void> {
    const { deployment, publish, now } = this.#options;
    const event = {
      actor: "daybook",
      action: "log.refused" as const,
      subject: shard,
      detail: { witness, why, size, witnessSize },
    };
    await publish(TOPICS.audit, 0, [encodeEnvelope(auditEnvelope(event, { deployment, at: now() }))]);
  }
}
