import type { IncomingMessage } from "node:http";
import type { WebhookSource } from "../source.ts";
import { ask, basic } from "./ask.ts";
import { placesOf } from "./places.ts";

const MAX_REDIRECTS = 3;
/** What a place answers with that has something to say about a medium, and not the medium. */
const SAYINGS = /^(?:text\/html|application\/(?:json|xml|problem\+json))\b/i;

/** Why a medium is not had. */
export interface NotHad {
  readonly state: "never" | "later";
  /** A clause, with no user data. */
  readonly why: string;
}

const NOT_THEIRS: NotHad = { state: "never", why: "its address is none of the provider's" };

/** Opens a medium where its provider has it, with the provider's credentials for its API alone, and not where that sends on to. */
export async function openMedium(
  source: WebhookSource,
  { url: written, mediaType }: { readonly url: string; readonly mediaType: string },
  signal: AbortSignal,
): Promise<IncomingMessage | NotHad> {
  const { own, isTrusted } = placesOf(source);
  const passwords = source.provider === "twilio" ? source.authTokens() : [undefined];
  let last: NotHad = { state: "later", why: "the provider could not be reached" };
  for (const password of passwords) {
    let at = URL.canParse(written) ? new URL(written) : undefined;
    for (let hop = 0; at && hop <= MAX_REDIRECTS; hop += 1) {
      if (!isTrusted(at)) return NOT_THEIRS;
      const isOwn = at.origin === own?.origin;
      const authorization =
        isOwn && hop === 0 && source.provider === "twilio" && password !== undefined
          ? basic(source.accountSid, password)
          : undefined;
      const answer = await ask(at, { isOwn, authorization, signal }).catch(() => undefined);
      if (!answer) return last;
      const { statusCode: status = 0, headers } = answer;
      if (status === 200) return isSaying(headers["content-type"], mediaType) ? dropped(answer) : answer;
      answer.destroy();
      const { location } = headers;
      if (status < 300 || status >= 400 || location === undefined) {
        last = notHad(status);
        break;
      }
      at = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
    }
    if (!at) return NOT_THEIRS;
    if (last.why !== REFUSED) return last;
  }
  return last;
}

const REFUSED = "the provider refuses the credentials";

function notHad(status: number): NotHad {
  if (status === 401 || status === 403) return { state: "later", why: REFUSED };
  return status === 404 || status === 410
    ? { state: "never", why: "the provider does not have it any more" }
    : { state: "later", why: `the provider answers with status ${status}` };
}

function isSaying(given: string | undefined, wanted: string): boolean {
  return given !== undefined && SAYINGS.test(given) && !SAYINGS.test(wanted);
}

function dropped(answer: IncomingMessage): NotHad {
  answer.destroy();
  return { state: "later", why: "the provider answers with a page in its place" };
}
