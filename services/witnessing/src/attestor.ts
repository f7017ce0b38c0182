import {
  type Checkpoint,
  checkpointKey,
  isWitnessed,
  judgeCosignatures,
  logFileReader,
  openCheckpoint,
  parseVkey,
  type Verifier,
  type WitnessPolicy,
} from "@daybook/archive-core";
import type { CertificateSet } from "@daybook/timestamp";
import { askTsa } from "./ask-tsa.ts";
import { type Asked, askWitness } from "./ask-witness.ts";
import {
  newestStamp,
  publishWitnessed,
  readWitnessed,
  type StoredStamp,
  storeStamp,
  withSignaturesOf,
} from "./attested-files.ts";
import { WitnessingError } from "./error.ts";
import type { WitnessingOptions } from "./options.ts";
import type { Watch } from "./watch.ts";

/** What an attestor works with. */
export interface AttestorOptions extends Pick<
  WitnessingOptions,
  "records" | "heads" | "witnesses" | "tsa" | "patienceMs" | "log" | "now"
> {
  readonly shard: string;
  /** The log's verifier key. */
  readonly vkey: string;
  /** Undefined: there are no witnesses. */
  readonly policy: WitnessPolicy | undefined;
  readonly trusted: CertificateSet | undefined;
  readonly watch: Watch;
}

/** A shard's newest checkpoint, with what others have said of it. */
export interface Attested {
  readonly note: string;
  readonly size: number;
  readonly stamp?: Buffer;
  /** What was asked for and is not there, in words. */
  readonly missing: readonly string[];
}

/** Has the checkpoints of one shard witnessed and stamped. One thing after the other: see `Turns`. */
export class Attestor {
  readonly #options: AttestorOptions;
  readonly #log: Verifier;
  /** Sizes that the witnesses last signed, by name. */
  readonly #lastSizes = new Map<string, number>();
  #stamp: StoredStamp | undefined;
  #hasLooked = false;

  constructor(options: AttestorOptions) {
    this.#options = options;
    this.#log = parseVkey(options.vkey);
  }

  /**
   * Has the published checkpoint signed by those witnesses that have not, and publishes it once enough have. Whatever
   * the witnesses do, it resolves.
   *
   * @returns undefined where nothing is logged yet
   * @throws {ArchiveError} `store-unavailable` (retryable); `corrupt`
   */
  async cosign(signal: AbortSignal): Promise<Attested | undefined> {
    const { shard, heads, policy, watch, log } = this.#options;
    // In this order: what is witnessed was published before.
    const before = policy && (await readWitnessed(heads, shard, this.#log));
    const published = await this.#published();
    if (!published) return undefined;
    const { note: own, checkpoint } = published;
    if (!policy) return { note: own, size: checkpoint.size, missing: [] };
    if (before && before.size > checkpoint.size) {
      log.error(
        { shard, size: checkpoint.size, witnessed: before.size },
        "the log is smaller than what was witnessed",
      );
      await watch.refused(shard, "this archive", {
        why: "ahead",
        size: checkpoint.size,
        witnessSize: before.size,
      });
      return { note: own, size: checkpoint.size, missing: ["the log is smaller than what was witnessed"] };
    }
    const start =
      before?.size === checkpoint.size ? withSignaturesOf(own, before.note, policy.witnesses) : own;
    const { note, missing } = await this.#askAll(start, own, checkpoint, signal);
    const done = isWitnessed(note, policy);
    if (done && note !== before?.note)
      await publishWitnessed(heads, { shard, log: this.#log, witnesses: policy.witnesses }, note);
    watch.cosigned(shard, done);
    return { note, size: checkpoint.size, missing };
  }

  async #published(): Promise<{ note: string; checkpoint: Checkpoint } | undefined> {
    const stored = await this.#options.heads.read(checkpointKey(this.#options.shard));
    if (!stored) return undefined;
    const note = Buffer.from(stored.body).toString();
    return { note, checkpoint: openCheckpoint(note, this.#log) };
  }

  /** An answer, after another look at the log: where two of us ask, a witness may rightly be ahead of one. */
  async #judged(asked: Asked): Promise<Asked> {
    if (asked.outcome !== "refused" || asked.why !== "ahead") return asked;
    const size = (await this.#published())?.checkpoint.size ?? 0;
    return size >= asked.witnessSize ? { outcome: "failed", reason: "overtaken" } : asked;
  }

  /** Asks the witnesses that have not signed, all at once. */
  async #askAll(
    start: string,
    own: string,
    checkpoint: Checkpoint,
    signal: AbortSignal,
  ): Promise<{ note: string; missing: string[] }> {
    const { shard, witnesses, policy, records, heads, patienceMs, watch, now } = this.#options;
    const all = policy?.witnesses ?? [];
    const signed = new Set(judgeCosignatures(start, all).good.map(({ witness }) => witness));
    const read = logFileReader({ records, heads }, shard);
    const answers = await Promise.all(
      all.map(async (witness, i) => {
        if (signed.has(witness.name)) return undefined;
        const asked = await askWitness({
          witness,
          url: witnesses[i]?.url ?? "",
          note: own,
          checkpoint,
          lastSize: this.#lastSizes.get(witness.name) ?? 0,
          read,
          now,
          signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
        });
        return { witness, asked: await this.#judged(asked) };
      }),
    );
    let note = start;
    const missing: string[] = [];
    for (const answer of answers) {
      if (!answer) continue;
      const { witness, asked } = answer;
      if (asked.outcome === "signed") {
        this.#lastSizes.set(witness.name, checkpoint.size);
        note = withSignaturesOf(note, `${own}${asked.lines}`, [witness]);
        watch.signed(shard, witness.name);
        continue;
      }
      missing.push(`the witness ${witness.name} did not sign: ${inWords(asked)}`);
      if (asked.outcome === "failed") watch.failed(shard, witness.name, asked.reason);
      else await watch.refused(shard, witness.name, { ...asked, size: checkpoint.size });
    }
    return { note, missing };
  }

  /**
   * Has a checkpoint stamped and keeps the stamp. What is stamped already is not stamped again.
   *
   * @returns the stamp; undefined where there is no authority
   * @throws {WitnessingError} `unavailable`, `bad-answer`; {ArchiveError} of the store
   */
  async stamp(
    { note, size }: Pick<Attested, "note" | "size">,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const { shard, heads, tsa, trusted, patienceMs, watch, now } = this.#options;
    if (!tsa) return undefined;
    const last = await this.#lastStamp();
    if (last?.note === note) return last.reply;
    try {
      const { reply } = await askTsa(Buffer.from(note), {
        url: tsa.url,
        trusted,
        signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
      });
      await storeStamp(heads, { shard, size, note, reply });
      this.#stamp = { note, reply, at: now() };
      watch.stamped(shard, now());
      return reply;
    } catch (error) {
      if (error instanceof WitnessingError) watch.stampFailed(shard, error.code);
      throw error;
    }
  }

  /** Whether a stamp is due: none was made for so long, by our clock. */
  async isStampDue(intervalMs: number): Promise<boolean> {
    const last = await this.#lastStamp();
    return !last || this.#options.now().getTime() - last.at.getTime() >= intervalMs;
  }

  async #lastStamp(): Promise<StoredStamp | undefined> {
    if (!this.#hasLooked) this.#stamp = await newestStamp(this.#options.heads, this.#options.shard);
    this.#hasLooked = true;
    return this.#stamp;
  }
}

function inWords(asked: Exclude<Asked, { outcome: "signed" }>): string {
  return asked.outcome === "failed" ? asked.reason : `it refused (${asked.why})`;
}
