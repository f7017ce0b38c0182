import * as client from "openid-client";
import { RecordsError } from "../error.ts";
import type { DirectoryOptions } from "./options.ts";

/** Where the console takes a directory's answer. */
const CALLBACK = "/sign-in/oidc";
const PATIENCE_SECONDS = 10;
const SERVER_ERROR = 500;
/** The directory's own description is read again after this. */
const FRESH_MS = 60 * 60_000;

/** Whether the directory has to ask who somebody is, may not ask them anything, or does as it sees fit. */
export type Asking = "login" | "none" | "any";

/** What is kept between the two halves of a sign-in. */
export interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly asking: Asking;
}

/** OpenID Connect Core 1.0, 3.1.2.1. */
const PROMPTS: Readonly<Record<Asking, Readonly<Record<string, string>>>> = {
  login: { prompt: "login", max_age: "0" },
  none: { prompt: "none" },
  any: {},
};
/** How long ago the directory may have asked somebody who had to be asked: time to come back from it. */
const LOGIN_SECONDS = 120;

/** What the directory says of somebody, by the name of the claim. */
export type Claims = Readonly<Record<string, unknown>>;

/** OpenID Connect Core 1.0, authorization code flow, with PKCE (RFC 7636), state and nonce. */
export class OpenId {
  readonly #of: DirectoryOptions;
  readonly #redirect: string;
  readonly #now: () => Date;
  #found: { readonly config: client.Configuration; readonly until: number } | undefined;

  /** @param origin of the console */
  constructor(of: DirectoryOptions, origin: string, now: () => Date) {
    this.#of = of;
    this.#redirect = `${origin}${CALLBACK}`;
    this.#now = now;
  }

  /** @returns where the browser goes. @throws {RecordsError} `unavailable`: the directory does not answer */
  async begin(asking: Asking = "any"): Promise<{ url: string; begun: Begun }> {
    const config = await this.#configuration();
    const verifier = client.randomPKCECodeVerifier();
    const begun = { state: client.randomState(), nonce: client.randomNonce(), verifier, asking };
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirect,
      scope: ["openid", "profile", ...(this.#of.scopes ?? [])].join(" "),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state: begun.state,
      nonce: begun.nonce,
      ...PROMPTS[asking],
    });
    return { url: url.href, begun };
  }

  /**
   * @param query of the callback's address
   * @throws {RecordsError} `sign-in-refused`: not the directory's answer to what was begun; `unavailable`
   */
  async finish(query: string, begun: Begun): Promise<Claims> {
    const config = await this.#configuration();
    try {
      const tokens = await client.authorizationCodeGrant(config, new URL(`${this.#redirect}?${query}`), {
        pkceCodeVerifier: begun.verifier,
        expectedState: begun.state,
        expectedNonce: begun.nonce,
        idTokenExpected: true,
        ...(begun.asking === "login" && { maxAge: LOGIN_SECONDS }),
      });
      const claims = tokens.claims();
      if (!claims) throw refused();
      const { userinfo_endpoint: more } = config.serverMetadata();
      // Where the directory keeps its tokens short, the rest is asked for.
      if (more === undefined || this.#rolesClaim in claims) return claims;
      return { ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
    } catch (error) {
      throw silenceIn(error) ?? refused();
    }
  }

  get #rolesClaim(): string {
    return this.#of.claims?.roles ?? "roles";
  }

  async #configuration(): Promise<client.Configuration> {
    const now = this.#now().getTime();
    if (this.#found && this.#found.until > now) return this.#found.config;
    const { issuer, clientId, clientSecret } = this.#of;
    const server = new URL(issuer);
    try {
      const config = await client.discovery(
        server,
        clientId,
        undefined,
        client.ClientSecretBasic(clientSecret.reveal()),
        {
          [client.customFetch]: asking,
          timeout: PATIENCE_SECONDS,
          execute: [
            client.enableNonRepudiationChecks,
            // The settings let this be a machine's own address only.
            // eslint-disable-next-line @typescript-eslint/no-deprecated -- meant to stand out, and it does
            ...(server.protocol === "http:" ? [client.allowInsecureRequests] : []),
          ],
        },
      );
      this.#found = { config, until: now + FRESH_MS };
      return config;
    } catch {
      throw silent();
    }
  }
}

/** Says in words of ours that there was no answer: the library's differ by what went wrong. */
const asking: client.CustomFetch = async (url, options) => {
  const answer = await fetch(url, options as RequestInit).catch(() => undefined);
  if (answer && answer.status < SERVER_ERROR) return answer;
  throw silent();
};

function silenceIn(error: unknown): RecordsError | undefined {
  if (error instanceof RecordsError) return error;
  return error instanceof Error && error.cause !== undefined ? silenceIn(error.cause) : undefined;
}

// What a directory says in an error may be about a person, so it goes no further.
function refused(): RecordsError {
  return new RecordsError(
    "sign-in-refused",
    "your organisation's directory did not confirm this: begin again",
  );
}

function silent(): RecordsError {
  return new RecordsError(
    "unavailable",
    "your organisation's directory does not answer: try again in a moment",
  );
}
