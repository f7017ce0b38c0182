import { z } from "zod";

/** What Meta answered, or why nobody knows. */
export type Answer =
  | { readonly state: "answered"; readonly status: number; readonly text: string }
  /** The request cannot have reached Meta. */
  | { readonly state: "unreached" }
  /** It may have, and may have been done. */
  | { readonly state: "unanswered" };

const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Meta's own hosts of media. */
export const META_MEDIA_HOSTS = [".fbsbx.com", ".fbcdn.net", ".whatsapp.net"];
const UNREACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const REFUSED_TOKEN = /"code"\s*:\s*190\b/;

const mediaInfo = z.looseObject({ url: z.url(), sha256: z.string().nullish() });

/** Why a medium is not had: `never`, or `later`. */
export interface NotHad {
  readonly state: "never" | "later";
  readonly why: string;
}

/** Meta's Graph API, as far as it is needed. Follows no redirect, so the token goes nowhere else. */
export class GraphClient {
  readonly #base: URL;
  readonly #token: () => string;
  readonly #mediaHosts: readonly string[];
  readonly #onToken: (isTaken: boolean) => void;

  constructor(of: {
    graphUrl: string;
    accessToken: () => string;
    mediaHosts?: readonly string[] | undefined;
    /** Told whether Meta took the token, each time that it says so. */
    onToken?: (isTaken: boolean) => void;
  }) {
    this.#base = new URL(`${of.graphUrl.replace(/\/$/, "")}/`);
    this.#token = of.accessToken;
    this.#mediaHosts = of.mediaHosts ?? META_MEDIA_HOSTS;
    this.#onToken = of.onToken ?? (() => undefined);
  }

  get(path: string, signal: AbortSignal): Promise<Answer> {
    return this.#ask(path, {}, signal);
  }

  /** @param body JSON, as it is sent */
  post(path: string, body: string, signal: AbortSignal): Promise<Answer> {
    return this.#ask(path, { method: "POST", body }, signal);
  }

  /** Asks where a medium is: the address lives 5 minutes. */
  async media(
    id: string,
    phoneNumberId: string,
    signal: AbortSignal,
  ): Promise<{ url: URL; sha256?: string } | NotHad> {
    const target = new URL(encodeURIComponent(id), this.#base);
    if (/^\d+$/.test(phoneNumberId)) target.searchParams.set("phone_number_id", phoneNumberId);
    try {
      const response = await this.#get(target, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
      const text = await bounded(response);
      this.#learn(response.status, text);
      if (!response.ok) return notHad(response.status);
      const { data } = mediaInfo.safeParse(JSON.parse(text));
      if (!data) return { state: "later", why: "Meta's answer could not be read" };
      const url = new URL(data.url);
      if (!this.#isTrusted(url)) return { state: "never", why: "Meta names a place that is not its own" };
      return { url, ...(data.sha256 && { sha256: data.sha256 }) };
    } catch {
      return { state: "later", why: "Meta could not be reached" };
    }
  }

  async download(url: URL, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | NotHad> {
    try {
      const response = await this.#get(url, signal);
      if (response.ok && response.body) return response.body;
      await response.body?.cancel();
      // The address has run out: the next attempt asks for another.
      return response.status === 404
        ? { state: "later", why: "the medium's address ran out" }
        : notHad(response.status);
    } catch {
      return { state: "later", why: "Meta could not be reached" };
    }
  }

  async #ask(path: string, of: { method?: "POST"; body?: string }, signal: AbortSignal): Promise<Answer> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const response = await fetch(new URL(path, this.#base), {
        ...of,
        redirect: "error",
        headers: { ...this.#authorization(), ...(of.body && { "content-type": "application/json" }) },
        signal: within,
      });
      const text = await bounded(response);
      this.#learn(response.status, text);
      return { state: "answered", status: response.status, text };
    } catch (error) {
      return { state: isUnreached(error) ? "unreached" : "unanswered" };
    }
  }

  /** 190 is Meta's code of a token that is none, or none any more. */
  #learn(status: number, text: string): void {
    const isRefused = status === 401 || (status >= 400 && REFUSED_TOKEN.test(text));
    if (isRefused || (status >= 200 && status < 300)) this.#onToken(!isRefused);
  }

  #get(url: URL, signal: AbortSignal): Promise<Response> {
    return fetch(url, { headers: this.#authorization(), redirect: "error", signal });
  }

  #isTrusted({ protocol, host, hostname }: URL): boolean {
    if (protocol !== this.#base.protocol) return false;
    if (host === this.#base.host) return true;
    return this.#mediaHosts.some((one) => (one.startsWith(".") ? hostname.endsWith(one) : hostname === one));
  }

  #authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.#token()}` };
  }
}

function notHad(status: number): NotHad {
  if (status === 401 || status === 403)
    return { state: "later", why: "Meta refuses the access token: it has run out, or may not see media" };
  const isOver = status === 404 || status === 400 || status === 410;
  return isOver
    ? { state: "never", why: "Meta does not have it any more" }
    : { state: "later", why: `Meta answers with status ${status}` };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function isUnreached(error: unknown): boolean {
  const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: unknown };
  return typeof code === "string" && UNREACHED.has(code);
}
