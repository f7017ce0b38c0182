import type { PolicyHook } from "./hook.ts";

/** A time of each day at which nobody is to get a text message, by the clocks of a place. */
export interface QuietHours {
  /** `21:00`: inclusive. */
  readonly from: string;
  /** `08:00`: exclusive, on the next day where it is not later than `from`. */
  readonly until: string;
  /** IANA name, such as `Europe/London`. */
  readonly zone: string;
}

/** Lets no text message go while phones are to be quiet: other networks' apps have a silence of their own. */
export function quietHoursHook({ from, until, zone }: QuietHours, now: () => Date): PolicyHook {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
  });
  const isQuiet = (time: string) =>
    from < until ? from <= time && time < until : from <= time || time < until;
  return {
    name: "quiet-hours",
    refusal: ({ network }) =>
      network === "sms" && isQuiet(clock.format(now()))
        ? `no text messages are sent from ${from} to ${until} (${zone}): send it after that`
        : undefined,
  };
}
