import { createHash } from "node:crypto";
import type { Captured, Event } from "@daybook/contract";

const MAX_ABOUT = 1_024;
/** Bytes of rows that a gap holds. */
const MAX_EVIDENCE = 600_000;

/** What a provider says of an interval, and what was captured of it. */
export interface Compared {
  readonly about: Pick<Event, "network" | "method" | "account" | "custodian" | "connector">;
  readonly from: Date;
  readonly to: Date;
  /** The provider's own ids of its messages, or only how many there are. */
  readonly theirs: readonly string[] | number;
  /** Of what was captured. */
  readonly ours: readonly string[] | number;
  /** The provider's answer, in its own bytes: the evidence. */
  readonly answer: Uint8Array;
}

/**
 * What of an interval the provider has and was not captured, as a gap with the provider's answer for evidence; undefined where
 * nothing is missing. The same comparison is the same record. That there is more here than there is no gap: a provider forgets.
 */
export function missingOf({ about, from, to, theirs, ours, answer }: Compared): Captured | undefined {
  const missing = typeof theirs === "number" ? [] : idsMissing(theirs, ours);
  const count =
    typeof theirs === "number" || typeof ours === "number" ? countOf(theirs) - countOf(ours) : missing.length;
  if (count <= 0) return undefined;
  const gap = {
    from: from.toISOString(),
    to: to.toISOString(),
    why: `The provider has ${countOf(theirs)} ${countOf(theirs) === 1 ? "message" : "messages"} of this interval, of which ${count} ${count === 1 ? "was" : "were"} not captured`,
    ...(missing.length > 0 && { about: missing.join(" ").slice(0, MAX_ABOUT).toWellFormed() }),
  };
  const stableDigest = createHash("sha256")
    .update(JSON.stringify([gap, missing]))
    .digest("hex");
  const event = { v: 1, kind: "gap", provenance: "captured", ...about, gap } as const;
  return {
    eventId: `reconciled:${gap.from}:${gap.to}`,
    stableDigest,
    event: { ...event, raw: Buffer.from(answer).toString("base64") },
  };
}

/** Rows of a provider's list as the answer of a comparison: JSON, as many as a gap holds, and how many are left out. @param of what they are of */
export function rowsAsEvidence(rows: readonly unknown[], of: Readonly<Record<string, unknown>> = {}): Buffer {
  const kept: string[] = [];
  let left = MAX_EVIDENCE;
  for (const row of rows) {
    const text = JSON.stringify(row);
    left -= Buffer.byteLength(text);
    if (left < 0) break;
    kept.push(text);
  }
  const about = Object.entries(of).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`,
  );
  return Buffer.from(
    `{${about.join("")}"rows":[${kept.join(",\n")}],"rowsLeftOut":${rows.length - kept.length}}`,
  );
}

function idsMissing(theirs: readonly string[], ours: readonly string[] | number): string[] {
  if (typeof ours === "number") return [];
  const captured = new Set(ours);
  return [...new Set(theirs)].filter((id) => !captured.has(id)).sort();
}

function countOf(of: readonly string[] | number): number {
  return typeof of === "number" ? of : new Set(of).size;
}
