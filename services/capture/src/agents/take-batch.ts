import { createHash } from "node:crypto";
import { type AgentBatch, agentBatch, type AgentReader, isSignedBy } from "@daybook/contract";
import type { CaptureSink } from "../sink.ts";
import type { Enrolled, KnownAgents } from "./known-agents.ts";
import type { Parts } from "./parts.ts";
import { PartGone, recordEntries } from "./record-entries.ts";
import type { Place, Placed, Sequences } from "./sequences.ts";

/** Why nothing of a batch was kept. */
export type Refusal =
  | "forbidden" // no agent of ours, or not signed by its key: which, strangers are not told
  | "revoked"
  | "moved" // its account is not its custodian's any more
  | "not-read-here" // this capture does not read what agents of its kind hand over
  | "malformed";

/** Why nothing of a batch was kept, by its number. */
export type Misnumbered = "number-taken" | "stale" | "too-far-ahead";

export type Outcome =
  | { readonly outcome: "taken" | "again"; readonly sha256: string }
  | { readonly outcome: "parts-missing"; readonly missing: readonly string[] }
  /** `next` is a number that is free. */
  | { readonly outcome: Misnumbered; readonly next: number }
  | { readonly outcome: Refusal };

export interface TakingDeps {
  readonly agents: Pick<KnownAgents, "get">;
  readonly readers: ReadonlyMap<string, AgentReader>;
  readonly sequences: Pick<Sequences, "place" | "take">;
  readonly parts: Parts;
  readonly sink: CaptureSink;
  readonly now: () => Date;
  /** Told of each batch that an agent signed and that was taken. */
  readonly onHeard: (agent: Enrolled, batch: AgentBatch, unread: number) => void;
}

/** What of a place is refused. */
const REFUSED: Readonly<Partial<Record<Place, Misnumbered>>> = {
  other: "number-taken",
  stale: "stale",
  ahead: "too-far-ahead",
};

/** Whose it is, where the key that is theirs signed it and it would be taken of them. */
export async function signer(
  id: string,
  isSigned: (agent: Enrolled) => boolean,
  { agents, readers }: Pick<TakingDeps, "agents" | "readers">,
): Promise<Enrolled | Refusal> {
  const agent = await agents.get(id);
  if (!agent || !isSigned(agent)) return "forbidden";
  if (agent.standing !== "enrolled") return agent.standing;
  return readers.has(agent.kind) ? agent : "not-read-here";
}

/**
 * Takes a batch. Resolves `taken` once everything of it is durable and its number is noted, in that order: whatever dies
 * between, the batch comes again and is the same records.
 *
 * @param signed what its address says it is
 * @throws {ConnectorError}, {CaptureError} retryable: nobody knows what is durable. Errors of PostgreSQL likewise
 */
export async function takeBatch(
  signed: { readonly agent: string; readonly number: number },
  signature: Uint8Array,
  body: Buffer,
  deps: TakingDeps,
): Promise<Outcome> {
  const isSigned = ({ publicKey }: Enrolled) =>
    isSignedBy(publicKey, signature, { what: "batch", ...signed }, body);
  const agent = await signer(signed.agent, isSigned, deps);
  if (typeof agent === "string") return { outcome: agent };
  const reader = deps.readers.get(agent.kind);
  const batch = batchOf(body);
  if (!reader || batch?.agent !== signed.agent || batch.number !== signed.number)
    return { outcome: "malformed" };
  const digest = createHash("sha256").update(body).digest();
  const sha256 = digest.toString("hex");
  const numbered = { ...signed, digest, answeredThrough: batch.answeredThrough };
  const place = await deps.sequences.place(numbered);
  if (place.place !== "new") return placed(place, sha256);
  const missing = deps.parts.missing(agent.id, batch.entries);
  if (missing.length > 0) return { outcome: "parts-missing", missing };
  let unread: number;
  try {
    unread = await recordEntries(batch.entries, { ...deps, agent, reader });
  } catch (error) {
    if (!(error instanceof PartGone)) throw error;
    return { outcome: "parts-missing", missing: deps.parts.missing(agent.id, batch.entries) };
  }
  const now = await deps.sequences.take(numbered, deps.now());
  if (now.place !== "new") return placed(now, sha256);
  await deps.parts.forget(agent.id, batch.entries);
  deps.onHeard(agent, batch, unread);
  return { outcome: "taken", sha256 };
}

function placed({ place, next }: Placed, sha256: string): Outcome {
  const refused = REFUSED[place];
  return refused ? { outcome: refused, next } : { outcome: "again", sha256 };
}

/** Undefined for bytes that are no batch. */
function batchOf(body: Buffer): AgentBatch | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const { data } = agentBatch.safeParse(JSON.parse(text));
    return data && data.answeredThrough < data.number ? data : undefined;
  } catch {
    return undefined;
  }
}
