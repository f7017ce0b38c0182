import { ConnectorError } from "@daybook/contract";
import type { SendText } from "./send.ts";

const ANSWER_MS = 30_000;

/** How a provider is asked over HTTP to send a text. `{to}` and `{text}` stand for the number, with its plus, and the words. */
export interface HttpSending {
  /** Without a body it is asked by GET. */
  readonly url: string;
  /** Posted: JSON where it begins with a brace, else a form. */
  readonly body?: string | undefined;
  /** The header of that name. */
  readonly authorization?: (() => string) | undefined;
}

/** Whatever answers 2xx took it. Redirects are not followed: the header would go with them. */
export function byHttp({ url, body, authorization }: HttpSending): SendText {
  const isJson = body?.trimStart().startsWith("{") === true;
  return async (to, text, signal) => {
    const encoded = filledIn({ to: encodeURIComponent(to), text: encodeURIComponent(text) });
    // What stands in for both has no character that JSON would escape.
    const posted = body === undefined ? undefined : isJson ? filledIn({ to, text })(body) : encoded(body);
    const type = isJson ? "application/json" : "application/x-www-form-urlencoded";
    let status: number;
    try {
      const answer = await fetch(encoded(url), {
        ...(posted !== undefined && { method: "POST", body: posted }),
        headers: {
          ...(posted !== undefined && { "content-type": type }),
          ...(authorization && { authorization: authorization() }),
        },
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      await answer.body?.cancel();
      ({ status } = answer);
    } catch {
      throw new ConnectorError("store-unavailable", "the second provider cannot be reached");
    }
    if (status < 200 || status > 299)
      throw new ConnectorError("store-unavailable", `the second provider answers ${status}`);
  };
}

function filledIn(of: { readonly to: string; readonly text: string }): (template: string) => string {
  return (template) => template.replace(/\{(to|text)\}/g, (_all, name: "to" | "text") => of[name]);
}
