import type { CookieOptions, Request, Response } from "express";
import cookieParser from "cookie-parser";

/** A session token, as the API makes them; others of the API's tokens serve as well. */
const TOKEN = /^db[a-z]{1,2}_[A-Za-z0-9_-]{43}$/;
const FLASH = /^[a-z-]+:[a-zA-Z0-9.-]{1,100}$/;
const FLASH_MS = 60_000;

/** What is kept while somebody signs in, and for how long; until the browser is closed where it does not say. */
const KEPT = { ceremony: 5 * 60_000, start: undefined } as const;
export type Kept = keyof typeof KEPT;
const KEPT_VALUE = /^[A-Za-z0-9._-]{1,1000}$/;

/** What a browser keeps for the console: who is signed in, and what was just done. No content, and nothing for scripts. */
export class Cookies {
  readonly #secure: boolean;
  readonly #options: CookieOptions;
  readonly parse = cookieParser();

  /** @param secure whether browsers come over https: then a cookie is this host's alone */
  constructor({ secure }: { secure: boolean }) {
    this.#secure = secure;
    this.#options = { httpOnly: true, secure, sameSite: "lax", path: "/" };
  }

  /** A name that only this host can have set, over https. */
  name(what: string): string {
    return `${this.#secure ? "__Host-" : ""}daybook-${what}`;
  }

  session(request: Request): string | undefined {
    const value = this.#read(request, "session");
    return value !== undefined && TOKEN.test(value) ? value : undefined;
  }

  begin(response: Response, token: string): void {
    response.cookie(this.name("session"), token, this.#options);
  }

  end(response: Response): void {
    response.clearCookie(this.name("session"), this.#options);
  }

  kept(request: Request, name: Kept): string | undefined {
    const value = this.#read(request, name);
    return value !== undefined && KEPT_VALUE.test(value) ? value : undefined;
  }

  /** @param value none, to take it away */
  keep(response: Response, name: Kept, value: string | null): void {
    if (value === null) response.clearCookie(this.name(name), this.#options);
    else {
      const maxAge = KEPT[name];
      response.cookie(this.name(name), value, { ...this.#options, ...(maxAge !== undefined && { maxAge }) });
    }
  }

  /** @param key of the texts: what was done, for the next page to say */
  leaveFlash(response: Response, key: string): void {
    response.cookie(this.name("done"), key, { ...this.#options, maxAge: FLASH_MS });
  }

  /** What was done, once. */
  takeFlash(request: Request, response: Response): string | undefined {
    const value = this.#read(request, "done");
    if (value === undefined) return undefined;
    response.clearCookie(this.name("done"), this.#options);
    return FLASH.test(value) ? value : undefined;
  }

  #read(request: Request, what: string): string | undefined {
    const cookies = request.cookies as Record<string, unknown>;
    const value = cookies[this.name(what)];
    return typeof value === "string" ? value : undefined;
  }
}
