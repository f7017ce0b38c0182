import type { SmsWebhookSettings } from "./sms-webhook-settings.ts";

type Source = SmsWebhookSettings["sources"][number];

/** By which ways official numbers' messages come. */
export interface SmsWays {
  readonly numbers: readonly { readonly number: string }[];
  readonly hasSmpp: boolean;
  /** Of webhooks. */
  readonly sources: readonly Source[];
}

/** Those whose messages come over SMPP: all that no source names. */
export function overSmpp({ numbers, sources }: Pick<SmsWays, "numbers" | "sources">): string[] {
  const others = new Set(sources.flatMap((source) => source.numbers ?? []));
  return [...new Set(numbers.map(({ number }) => number))].filter((number) => !others.has(number));
}

/** What is wrong with which numbers come by which source, as the end of a sentence; undefined where nothing is. */
export function waysProblem({ numbers, hasSmpp, sources }: SmsWays): string | undefined {
  const named = sources.flatMap((source) => source.numbers ?? []);
  const official = new Set(numbers.map(({ number }) => number));
  if (!named.every((number) => official.has(number)))
    return "numbers has one that is not among the official ones";
  if (new Set(named).size < named.length) return "numbers has one twice: it comes by one source alone";
  return hasSmpp && sources.some((source) => source.numbers === undefined)
    ? "numbers is missing beside SMPP: say of each source which numbers' messages come by it"
    : undefined;
}

/** What is wrong with which numbers may send, as the end of a sentence; undefined where nothing is. */
export function relayProblem(relay: readonly string[], ways: SmsWays): string | undefined {
  const official = new Set(ways.numbers.map(({ number }) => number));
  if (!relay.every((number) => official.has(number)))
    return "has a number that is not among the official ones";
  const smpp = new Set(ways.hasSmpp ? overSmpp(ways) : []);
  for (const number of relay.filter((one) => !smpp.has(one))) {
    const [source, another] = ways.sources.filter((one) => one.numbers?.includes(number) ?? true);
    if (another) return "has a number that may come by several sources: their numbers say by which";
    if (!source || !canSend(source))
      return "has a number that nothing sends from: over SMPP, by Twilio, or by Vonage with sends";
  }
  return undefined;
}

function canSend(source: Source): boolean {
  return source.provider === "twilio" || (source.provider === "vonage" && source.sends !== undefined);
}
