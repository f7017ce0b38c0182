import type { RelayFailure } from "@daybook/contract";
import { z } from "zod";
import type { Judged } from "../../sending/carrier.ts";
import type { TwilioSource } from "../source.ts";
import { judgeByStatus, type SendingApi } from "./provider.ts";

/** A status that is not taken is told again, over minutes. */
const AGAIN = "#rc=5&rp=all";
const MAX_UNITS = 1_600;

const taken = z.looseObject({ sid: z.string().regex(/^[A-Z]{2}[0-9a-fA-F]{32}$/) });
const refused = z.looseObject({ code: z.int() });

const SOURCE =
  "Twilio does not let Daybook send from this number: an administrator has to look at the number and the account";
const NO_NUMBER = "Twilio says that there is no such number, or none that gets text messages";
const FAILURES: Readonly<Record<number, readonly [RelayFailure, string]>> = {
  20003: ["unlinked", "Twilio refuses Daybook's access: an administrator has to renew the token"],
  20005: ["unlinked", "Twilio has suspended the account: an administrator has to look"],
  21211: ["no-such-recipient", NO_NUMBER],
  21217: ["no-such-recipient", NO_NUMBER],
  21265: ["no-such-recipient", NO_NUMBER],
  21614: ["no-such-recipient", NO_NUMBER],
  21635: ["no-such-recipient", NO_NUMBER],
  21212: ["refused", SOURCE],
  21606: ["refused", SOURCE],
  21659: ["refused", SOURCE],
  21660: ["refused", SOURCE],
  21661: ["refused", SOURCE],
  21408: ["refused", "the account may not send to that country: an administrator has to allow it at Twilio"],
  21608: ["refused", "the account is for trials, and may write to numbers alone that are verified at Twilio"],
  21610: ["refused", "they asked Twilio by STOP not to be written to: only their START ends that"],
  21617: ["too-long", "Twilio says that it is too long"],
};
/** Too many wait to be sent. */
const FULL = 21611;
const UNAVAILABLE = 20503;

/** @see Twilio, "Messages resource": create a Message; "Error and warning dictionary" */
export function twilioSending({ accountSid, authTokens, apiUrl, url }: TwilioSource): SendingApi {
  return {
    who: "Twilio",
    maxUnits: MAX_UNITS,
    url: new URL(`/2010-04-01/Accounts/${accountSid}/Messages.json`, apiUrl),
    user: accountSid,
    passwords: authTokens,
    type: "application/x-www-form-urlencoded",
    bodyOf: ({ account: From, conversation: To, text: Body }) =>
      new URLSearchParams({ To, From, Body, StatusCallback: `${url}${AGAIN}` }).toString(),
    numberOf: (e164) => e164,
    judge,
  };
}

function judge(status: number, answer: unknown): Judged {
  const sent = taken.safeParse(answer).data;
  if (sent && status >= 200 && status < 300) return { state: "accepted", id: sent.sid };
  const code = refused.safeParse(answer).data?.code;
  if (code === FULL) return { state: "again", isThrottled: true };
  if (code === UNAVAILABLE && status === 503) return { state: "again", isThrottled: false };
  if (status < 400 || status >= 500 || code === undefined) return judgeByStatus(status, "Twilio");
  const known = FAILURES[code];
  return known
    ? { state: "failed", code: known[0], why: known[1] }
    : { state: "failed", code: "refused", why: `Twilio refuses it (code ${code})` };
}
