import {
  addCosignature,
  ArchiveError,
  type Checkpoint,
  judgeCosignatures,
  Prover,
  type TileReader,
  verifyConsistency,
  type Witness,
} from "@daybook/archive-core";
import { WitnessingError } from "./error.ts";
import { type Answer, post } from "./exchange.ts";

/** A witness may move on between two of our questions, but not for ever. */
const MAX_QUESTIONS = 4;
const MAX_ANSWER_BYTES = 64 * 1024;
/** A clock that is further ahead proves nothing. */
const MAX_AHEAD_MS = 60 * 60_000;

/** Why a witness did not sign, though it may the next time. */
export type Failure =
  | "unknown-log" // 404: it was not told of this log
  | "unknown-key" // 403: nor of the log's key
  | "unavailable" // no answer, not in time, or one of a server that is not well
  | "bad-answer" // not what the protocol has, or not signed by its key
  | "clock" // its clock is more than an hour ahead of ours
  | "overtaken" // it has signed a newer checkpoint meanwhile, which is published
  | "log-unreadable"; // our own tiles do not lead from its size to ours

/** Why a witness will not sign: by what it saw before, this log has two histories. */
export type Refusal =
  | "inconsistent" // 422: what it saw is not the beginning of this log
  | "other-root" // 409: it saw another tree of this very size
  | "ahead"; // 409: it saw more of this log than there is

export type Asked =
  | { readonly outcome: "signed"; readonly lines: string }
  | { readonly outcome: "failed"; readonly reason: Failure }
  | { readonly outcome: "refused"; readonly why: Refusal; readonly witnessSize: number };

export interface Question {
  readonly witness: Witness;
  readonly url: string;
  /** The signed note, and what it says. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
  /** Size that the witness last signed, as far as is known. */
  readonly lastSize: number;
  readonly read: TileReader;
  readonly now: () => Date;
  /** Bounds all of it in time. */
  readonly signal: AbortSignal;
}

/**
 * Asks a witness to cosign a checkpoint, proving that the log only grew since the one that it signed last. What it
 * signed last it says itself, if we do not know. May be repeated.
 *
 * @see c2sp.org/tlog-witness
 */
export async function askWitness(question: Question): Promise<Asked> {
  try {
    return await ask(question);
  } catch (error) {
    if (error instanceof WitnessingError && error.code !== "bad-settings")
      return { outcome: "failed", reason: error.code };
    if (error instanceof ArchiveError)
      return { outcome: "failed", reason: error.code === "malformed" ? "bad-answer" : "log-unreadable" };
    throw error;
  }
}

async function ask(question: Question): Promise<Asked> {
  const { checkpoint, note, url, signal } = question;
  let old = Math.min(question.lastSize, checkpoint.size);
  for (let questions = 0; questions < MAX_QUESTIONS; questions += 1) {
    const proof = await provedFrom(old, question);
    const lines = proof.map((h) => `${h.toString("base64")}\n`).join("");
    const answer = await post(`${url.replace(/\/$/, "")}/add-checkpoint`, {
      body: Buffer.from(`old ${old}\n${lines}\n${note}`),
      mediaType: "text/plain; charset=utf-8",
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    if (answer.status !== 409) return judge(answer, old, question);
    const theirs = sizeIn(answer);
    if (theirs > checkpoint.size) return { outcome: "refused", why: "ahead", witnessSize: theirs };
    if (theirs === old && old === checkpoint.size)
      return { outcome: "refused", why: "other-root", witnessSize: theirs };
    old = theirs;
  }
  throw new WitnessingError("bad-answer", "it names another size each time");
}

/** A proof that is good, so that a witness which finds it bad has seen another log. */
async function provedFrom(old: number, { checkpoint, read }: Question): Promise<Buffer[]> {
  const { size, root } = checkpoint;
  if (old === 0 || old === size) return [];
  const proof = await new Prover(size, read).consistency(old);
  const oldRoot = await new Prover(old, read).root();
  if (!verifyConsistency(old, oldRoot, size, root, proof))
    throw new ArchiveError("corrupt", "the tiles do not lead to the checkpoint");
  return proof;
}

function judge({ status, body }: Answer, old: number, { note, witness, now }: Question): Asked {
  if (status === 200) {
    const lines = body.toString();
    const [signed] = judgeCosignatures(signedBy(note, lines, witness), [witness]).good;
    const ahead = (signed?.at.getTime() ?? Infinity) - now().getTime();
    return ahead > MAX_AHEAD_MS ? { outcome: "failed", reason: "clock" } : { outcome: "signed", lines };
  }
  if (status === 422) return { outcome: "refused", why: "inconsistent", witnessSize: old };
  if (status === 404) return { outcome: "failed", reason: "unknown-log" };
  if (status === 403) return { outcome: "failed", reason: "unknown-key" };
  if (status === 429 || status >= 500) return { outcome: "failed", reason: "unavailable" };
  return { outcome: "failed", reason: "bad-answer" };
}

function signedBy(note: string, lines: string, witness: Witness): string {
  try {
    return addCosignature(note, lines, witness);
  } catch (cause) {
    throw new WitnessingError("bad-answer", "its answer is not signed by its key", { cause });
  }
}

/** The size in the answer to a conflict. */
function sizeIn({ mediaType, body }: Answer): number {
  const [, digits] = /^(0|[1-9]\d{0,15})\n$/.exec(body.toString("latin1")) ?? [];
  const size = Number(digits);
  if (mediaType !== "text/x.tlog.size" || digits === undefined || !Number.isSafeInteger(size))
    throw new WitnessingError("bad-answer", "it names a conflict and no size");
  return size;
}
