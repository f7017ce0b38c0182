import type { Fields } from "./fields.ts";
import type { People } from "./people.ts";
import type { Said } from "./reading.ts";

/** As long as anybody lives, seconds: what is longer is no timer. */
const MAX_SECONDS = 4_000_000_000;

/** Whole seconds of a timer, where it is one. */
export function secondsOf(value: number | null | undefined): number | undefined {
  return Number.isInteger(value) && (value ?? -1) >= 0 && (value ?? 0) <= MAX_SECONDS
    ? (value ?? 0)
    : undefined;
}

/** How long messages stay from now on: in the first parameter of a notification, else in its own field. */
export function timerOf(fields: Fields, by: string | undefined, people: People): Said {
  const { templateParams, ephemeralDuration, ephemeralSettingUser: user } = fields;
  const [first, second] = templateParams;
  const seconds = secondsOf(/^\d{1,10}$/.test(first ?? "") ? Number(first) : ephemeralDuration);
  const actor = people.called(user ?? (second?.includes("@") ? second : by));
  if (seconds === undefined && fields.subtype !== "not_ephemeral")
    return { kind: "notice", text: `${actor} changed how long messages stay, which cannot be read` };
  const expiresAfterSeconds = seconds ?? 0;
  return {
    kind: "timer",
    expiresAfterSeconds,
    text:
      expiresAfterSeconds === 0
        ? `${actor} turned disappearing messages off`
        : `${actor} set messages to disappear after ${expiresAfterSeconds} seconds`,
  };
}
