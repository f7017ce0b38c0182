import type { Coverage, Link } from "./health-answers.ts";

/** One reason for which an account may be silent, and what to do: `health:silence.KEY.title` and `.todo`. */
export interface Reason {
  readonly key: "ended" | "down" | "waiting" | "alert" | "no-link" | "blind" | "gap" | "quiet" | "well";
  /** In the connector's own words, where it has some. */
  readonly words?: string | undefined;
  readonly since?: string | undefined;
}

/**
 * Why an account may be silent, the likeliest first. Always something: that all is well is an answer too.
 *
 * @param of.owned whether it is anybody's now
 * @param of.now RFC 3339, UTC
 */
export function reasonsFor(of: {
  readonly owned: boolean;
  readonly link: Link | undefined;
  readonly coverage: Coverage;
  readonly messages: number;
  readonly now: string;
}): Reason[] {
  const { owned, link, coverage, messages } = of;
  const reasons: Reason[] = [];
  if (!owned) reasons.push({ key: "ended" });
  const isWaiting = link?.status === "waiting" && !link.problem;
  if (isWaiting) reasons.push({ key: "waiting" });
  else if (link?.problem || link?.downSince || (link && link.status !== "live")) {
    reasons.push({
      key: "down",
      words: link.problem ?? link.status,
      ...(link.downSince && { since: link.downSince }),
    });
  }
  for (const words of link?.alerts ?? []) reasons.push({ key: "alert", words });
  if (!link && owned) reasons.push({ key: "no-link" });
  const last = coverage.stretches.at(-1);
  // What an account that is heard has yet to put on record is no blindness.
  const isHeard = link?.status === "live" || isWaiting;
  const isToCome = isHeard && last?.state === "unknown" && last.to > of.now;
  if (last && last.state !== "live" && !isToCome)
    reasons.push({ key: "blind", since: last.from, words: undefined });
  if (coverage.gaps.length > 0) reasons.push({ key: "gap" });
  if (reasons.length === 0) reasons.push({ key: messages === 0 ? "quiet" : "well" });
  return reasons;
}
