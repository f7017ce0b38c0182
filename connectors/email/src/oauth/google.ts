import { assertion } from "./assertion.ts";
import { Tokens } from "./tokens.ts";

const ASSERTION_SECONDS = 600;
const SCOPE = "https://mail.google.com/";

/** A service account that a Workspace's administrator lets act for its users (domain-wide delegation). */
export interface GoogleServiceAccount {
  readonly clientEmail: string;
  readonly keyId: string;
  /** RSA, PEM. */
  readonly privateKey: () => string;
  /** Where tokens are had. */
  readonly tokenUrl: string;
}

/**
 * Tokens for one user's mailbox.
 *
 * @see Google, "Using OAuth 2.0 for Server to Server Applications"; RFC 7523
 */
export function googleTokens(
  { clientEmail, keyId, privateKey, tokenUrl }: GoogleServiceAccount,
  user: string,
  now?: () => Date,
): Tokens {
  const body = (at: Date) => {
    const seconds = Math.floor(at.getTime() / 1_000);
    const claims = {
      ...{ iss: clientEmail, sub: user, scope: SCOPE, aud: tokenUrl },
      ...{ iat: seconds, exp: seconds + ASSERTION_SECONDS },
    };
    return new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: assertion({ alg: "RS256", kid: keyId }, claims, privateKey()),
    });
  };
  return new Tokens({ url: new URL(tokenUrl), body }, now);
}
