import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Answer } from "../graph/graph-client.ts";
import { error as metaError } from "../reading/schema.ts";
import { QUALITY_LOW } from "./account-verdict.ts";
import { type Concern, NOTHING, type Verdict } from "./concern.ts";

/** What is asked of a number. */
export const NUMBER_FIELDS = "display_phone_number,status,quality_rating";

const number = z.looseObject({
  display_phone_number: z.string().nullish(),
  status: z.string().nullish(),
  quality_rating: z.string().nullish(),
});
const refusal = z.looseObject({ error: metaError });

const STANDING = ["number-banned", "number-not-registered", "number-limited"];
const ACCESS = ["token-limited", "number-unknown", "graph-unreached"];
const LIMITED = new Set(["FLAGGED", "RATE_LIMITED", "RESTRICTED", "WARNED"]);
const GONE = new Set(["DELETED", "MIGRATED", "DISCONNECTED", "PENDING", "UNVERIFIED"]);
/** Of Meta's errors: what the token may not do. */
const MAY_NOT = new Set(["3", "10", "200"]);
/** Once is no news: Meta is asked again soon. */
const FAILURES = 3;
const SOON_MS = 300_000;

/** What Meta's answer about a number says of it; what was not asked for successfully says nothing. */
export function numberVerdict(answer: Answer, at: number): { verdict: Verdict; display?: string } {
  if (answer.state !== "answered") return { verdict: NOTHING };
  const value = parsed(answer.text);
  if (answer.status >= 200 && answer.status < 300) {
    const { data } = number.safeParse(value);
    if (!data) return { verdict: NOTHING };
    const raise = [...standingOf(data.status ?? "", at), ...qualityOf(data.quality_rating, at)];
    const isGood = data.quality_rating === "GREEN" || data.quality_rating === "YELLOW";
    const settle = [...ACCESS, ...(data.status ? STANDING : []), ...(isGood ? ["quality-low"] : [])];
    const digits = data.display_phone_number?.replace(/\D/g, "");
    return { verdict: { raise, settle: except(settle, raise) }, ...(digits && { display: digits }) };
  }
  const code = refusal.safeParse(value).data?.error.code ?? "";
  if (MAY_NOT.has(code)) {
    const words =
      "the access token may not ask how the number stands: give its system user whatsapp_business_management";
    return raised("token-limited", words, at);
  }
  if (code === "100" && answer.status < 500) {
    const words =
      "Meta does not know the number by its PHONE_NUMBER_ID, or does not show it to the system user: look at both";
    return raised("number-unknown", words, at);
  }
  return { verdict: NOTHING };
}

function standingOf(status: string, since: number): Concern[] {
  if (status === "BANNED") {
    const words = "Meta banned the number: nothing comes or goes. Appeal in Business Support Home";
    return [{ code: "number-banned", status: "banned", words, since }];
  }
  if (GONE.has(status)) {
    const words = `the number is not registered for the Cloud API (${status}): nothing comes until it is`;
    return [{ code: "number-not-registered", status: "removed", words, since }];
  }
  if (!LIMITED.has(status)) return [];
  const words = `Meta limits what the number sends (${status})`;
  return [{ code: "number-limited", status: "needs-attention", words, since }];
}

function qualityOf(rating: string | null | undefined, since: number): Concern[] {
  return rating === "RED"
    ? [{ code: "quality-low", status: "needs-attention", words: QUALITY_LOW, since }]
    : [];
}

function raised(code: string, words: string, since: number): { verdict: Verdict } {
  return {
    verdict: {
      raise: [{ code, status: "needs-attention", words, since }],
      settle: ACCESS.filter((one) => one !== code),
    },
  };
}

function except(settle: readonly string[], raise: readonly Concern[]): string[] {
  return settle.filter((code) => !raise.some((one) => one.code === code));
}

/**
 * Asks Meta how each number stands, at once and then again and again, until `signal` aborts: what a webhook would say may
 * never come, and a token that ran out is known before it is needed.
 */
export async function askNumbers(
  numbers: readonly string[],
  of: {
    readonly ask: (number: string, signal: AbortSignal) => Promise<Answer>;
    readonly tell: (number: string, told: { verdict: Verdict; display?: string }) => void;
    readonly now: () => Date;
    readonly everyMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let isReached = numbers.length === 0;
    for (const one of numbers) {
      const answer = await of.ask(one, signal);
      if (isAborted(signal)) return;
      isReached ||= answer.state === "answered";
      if (answer.state === "answered") of.tell(one, numberVerdict(answer, of.now().getTime()));
    }
    failures = isReached ? 0 : failures + 1;
    if (failures === FAILURES)
      for (const one of numbers) of.tell(one, raised("graph-unreached", UNREACHED, of.now().getTime()));
    const waitMs = isReached ? of.everyMs : Math.min(SOON_MS, of.everyMs);
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

const UNREACHED =
  "Meta's Graph API cannot be reached: what comes is recorded, media and answers wait. Look at the way out of capture";

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
