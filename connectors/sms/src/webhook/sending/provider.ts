import type { Outbound } from "@daybook/contract";
import type { Judged } from "../../sending/carrier.ts";

/** How a provider is asked to send a text. */
export interface SendingApi {
  /** In sentences: `Twilio`. */
  readonly who: string;
  /** Of one text, in UTF-16 units: the provider cuts it into parts itself. */
  readonly maxUnits: number;
  readonly url: URL;
  readonly user: string;
  /** Two while one is being replaced. */
  readonly passwords: () => readonly string[];
  readonly type: string;
  /** Without secrets: it is kept. */
  readonly bodyOf: (message: Outbound) => string;
  /** A number as the provider writes it. */
  readonly numberOf: (e164: string) => string;
  /** What an answer means; of 401, 408, 429 and what is no JSON, that is known. */
  readonly judge: (status: number, answer: unknown) => Judged;
}

/** What an answer means that the provider's own words do not explain. */
export function judgeByStatus(status: number, who: string): Judged {
  // What failed may be the way back.
  if ((status >= 200 && status < 300) || status === 408 || status >= 500) return { state: "unknown" };
  return { state: "failed", code: "refused", why: `${who} refuses it (status ${status})` };
}
