import type { RelayFailure } from "@daybook/contract";
import type { Answer } from "./client.ts";
import { sent } from "./schema.ts";

/** What an answer of BlueBubbles's means for a message. */
export type Judged =
  | { readonly state: "accepted"; readonly guid: string }
  | { readonly state: "failed"; readonly code: RelayFailure; readonly why: string }
  | { readonly state: "unknown" };

/**
 * A message that Messages refused has an error of its own in the answer; whatever else goes wrong after BlueBubbles began may
 * have been sent all the same.
 */
export function judge(answer: Answer): Judged {
  if (answer.state !== "answered") return { state: "unknown" };
  const { status, text } = answer;
  const { data } = sent.safeParse(dataOf(text));
  if (data && data.error)
    return {
      state: "failed",
      code: "refused",
      why: `Messages could not send it (error ${String(data.error)}): the recipient may have no iMessage`,
    };
  if (status === 200) return data ? { state: "accepted", guid: data.guid } : { state: "unknown" };
  if (status === 401 || status === 403)
    return {
      state: "failed",
      code: "unlinked",
      why: "BlueBubbles refuses Daybook's password: an administrator has to give it the right one",
    };
  // Its checks of a request come before anything is done; so does a message that it has in its queue already.
  if (status === 400 && !/queued/i.test(text))
    return { state: "failed", code: "refused", why: "BlueBubbles refuses it, or its private API is off" };
  return status === 404
    ? { state: "failed", code: "no-such-conversation", why: "the account is in no such conversation" }
    : { state: "unknown" };
}

function dataOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { data?: unknown } | null)?.data;
  } catch {
    return undefined;
  }
}
