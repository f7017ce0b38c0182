import type { DayPart } from "./day-part.ts";
import type { Word } from "./matcher.ts";

/** How the words beside a file's times are read. */
export interface Parts {
  readonly parts: ReadonlyMap<string, DayPart>;
  readonly clock: 12 | 24;
  readonly trouble: "half-day-guessed" | "half-day-unknown" | undefined;
}

/**
 * Decides what each word beside a time says. Of two unknown words in one place one is the morning: which, the order
 * of messages tells.
 *
 * @param places the words of each place in the header, in order of first appearance
 * @param firstIsMorning what the order of messages says of the first of two unknown words
 * @param maxHour the highest hour in the file; over 12, unknown words say nothing of the half of the day
 */
export function readParts(
  places: readonly (readonly Word[])[],
  firstIsMorning: boolean | undefined,
  maxHour: number,
): Parts {
  const parts = new Map<string, DayPart>();
  let trouble: Parts["trouble"];
  for (const place of places) {
    const words = place.filter((word) => word.era === undefined);
    for (const word of words) if (word.part !== undefined) parts.set(word.key, word.part);
    const unknown = words.filter((word) => word.part === undefined);
    if (unknown.length === 0 || maxHour > 12) continue;
    const known = words.map((word) => word.part).filter((part) => part === "am" || part === "pm");
    const [one, other] = unknown;
    if (words.length === 2 && unknown.length === 1 && known.length === 1 && one !== undefined) {
      parts.set(one.key, known[0] === "am" ? "pm" : "am");
    } else if (
      words.length === 2 &&
      firstIsMorning !== undefined &&
      one !== undefined &&
      other !== undefined
    ) {
      parts.set(one.key, firstIsMorning ? "am" : "pm");
      parts.set(other.key, firstIsMorning ? "pm" : "am");
      trouble ??= "half-day-guessed";
    } else {
      trouble = "half-day-unknown";
    }
  }
  const halves = [...parts.values()].some((part) => part !== "none");
  return { parts, clock: halves ? 12 : 24, trouble };
}
