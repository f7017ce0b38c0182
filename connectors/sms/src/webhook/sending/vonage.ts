import type { RelayFailure } from "@daybook/contract";
import { z } from "zod";
import type { Judged } from "../../sending/carrier.ts";
import type { VonageSending, VonageSource } from "../source.ts";
import { judgeByStatus, type SendingApi } from "./provider.ts";

const MAX_UNITS = 1_000;
const MAX_TITLE = 64;

const taken = z.looseObject({ message_uuid: z.string().regex(/^[\w-]{1,64}$/) });
const problem = z.looseObject({ title: z.string().max(400) });

const FAILURES: Readonly<Record<number, readonly [RelayFailure, string]>> = {
  402: ["refused", "the account at Vonage has no credit left: an administrator has to look"],
  403: [
    "refused",
    "Vonage does not let Daybook send from this number: an administrator has to look at the number and the account",
  ],
};

/** @see Vonage, "Messages API": POST /v1/messages, with the account's key and secret */
export function vonageSending({ url }: Pick<VonageSource, "url">, of: VonageSending): SendingApi {
  return {
    who: "Vonage",
    maxUnits: MAX_UNITS,
    url: new URL("/v1/messages", of.apiUrl),
    user: of.apiKey,
    passwords: of.apiSecrets,
    type: "application/json",
    bodyOf: ({ account, conversation, text }) =>
      JSON.stringify({
        ...{ channel: "sms", message_type: "text", to: bare(conversation), from: bare(account), text },
        ...{ webhook_url: url, webhook_version: "v1" },
      }),
    numberOf: bare,
    judge,
  };
}

function bare(e164: string): string {
  return e164.replace(/^\+/, "");
}

function judge(status: number, answer: unknown): Judged {
  const sent = taken.safeParse(answer).data;
  if (sent && status >= 200 && status < 300) return { state: "accepted", id: sent.message_uuid };
  const known = FAILURES[status];
  if (known) return { state: "failed", code: known[0], why: known[1] };
  const title = problem.safeParse(answer).data?.title;
  if (status === 503 && title !== undefined) return { state: "again", isThrottled: false };
  if (status !== 422 || title === undefined) return judgeByStatus(status, "Vonage");
  const why = `Vonage refuses it (${title.slice(0, MAX_TITLE).toWellFormed()}): ask whether the number is right`;
  return { state: "failed", code: "refused", why };
}
