import type { Outbound } from "@daybook/contract";
import type { Answered, Carrier, Judged } from "../../sending/carrier.ts";
import { nameOf, stableDigestOf } from "../draft.ts";
import { basic } from "../media/ask.ts";
import { jsonOf } from "../reconcile/api.ts";
import type { WebhookSource } from "../source.ts";
import type { WebhookState } from "../state.ts";
import { postOnce } from "./post.ts";
import type { SendingApi } from "./provider.ts";
import { twilioSending } from "./twilio.ts";
import { vonageSending } from "./vonage.ts";

const UNKNOWN: Answered = { judged: { state: "unknown" }, said: Buffer.alloc(0) };

function sendingOf(source: WebhookSource): SendingApi | undefined {
  if (source.provider === "twilio") return twilioSending(source);
  return source.provider === "vonage" && source.sends ? vonageSending(source, source.sends) : undefined;
}

/**
 * Sends by a provider's API, which tells by status callbacks what became of it. A message is named as its webhooks and its list
 * name it.
 *
 * @returns undefined for a source whose provider is not sent by
 */
export function byProvider(
  source: WebhookSource,
  { state, now }: { readonly state: Pick<WebhookState, "write">; readonly now: () => Date },
): Carrier | undefined {
  const api = sendingOf(source);
  if (!api) return undefined;
  /** Until then the provider asked not to be asked. Milliseconds since 1970. */
  let notBefore = 0;
  const post = async (message: Outbound): Promise<Answered> => {
    const body = api.bodyOf(message);
    for (const password of api.passwords()) {
      const posted = await postOnce(api.url, {
        type: api.type,
        body,
        authorization: basic(api.user, password),
      });
      if (posted.state === "unreached") return again(false);
      if (posted.state === "unanswered") return UNKNOWN;
      const { status, retryAfterMs } = posted;
      if (status === 401) continue;
      notBefore = Math.max(notBefore, now().getTime() + retryAfterMs);
      if (status === 429) return again(true);
      return { judged: api.judge(status, jsonOf(posted.body)), said: saidOf(api, body, status, posted.body) };
    }
    const why = `${api.who} refuses Daybook's access: an administrator has to renew the credentials`;
    return answered({ state: "failed", code: "unlinked", why });
  };
  return {
    who: api.who,
    begin: () => undefined,
    partsOf: (message) =>
      message.text.length > api.maxUnits
        ? `${api.who} takes ${api.maxUnits.toLocaleString("en")} characters in a text message at most`
        : [() => (now().getTime() < notBefore ? undefined : () => post(message))],
    // Its list would tell of it as of one that nobody knows.
    keep: (_message, { id }, change) =>
      state.write([change, { kind: "known", name: nameOf(source, id), value: true }]),
    whileSending: (work) => work,
    nameOf: ({ account, conversation, text }, id) => ({
      eventId: nameOf(source, id),
      stableDigest: stableDigestOf({
        ...{ id, text, media: [] },
        ...{ from: api.numberOf(account), to: api.numberOf(conversation) },
      }),
    }),
  };
}

function again(isThrottled: boolean): Answered {
  return answered({ state: "again", isThrottled });
}

function answered(judged: Judged): Answered {
  return { judged, said: Buffer.alloc(0) };
}

/** The request without its credentials, and the answer. */
function saidOf({ url, type }: SendingApi, body: string, status: number, answer: Buffer): Buffer {
  const head = `POST ${url.href} HTTP/1.1\r\ncontent-type: ${type}\r\n\r\n`;
  return Buffer.concat([Buffer.from(`${head}${body}\r\n\r\nHTTP/1.1 ${status}\r\n\r\n`), answer]);
}
