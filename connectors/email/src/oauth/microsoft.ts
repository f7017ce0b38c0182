import { randomUUID, X509Certificate } from "node:crypto";
import { assertion } from "./assertion.ts";
import { Tokens } from "./tokens.ts";

const ASSERTION_SECONDS = 600;

/** By what an application proves that it is itself. */
export type MicrosoftCredential =
  | { readonly clientSecret: () => string }
  /** PEM: a certificate that the application has in the directory, and its RSA key. */
  | { readonly certificate: string; readonly certificateKey: () => string };

/** An application of a tenant's directory. */
export interface MicrosoftApplication {
  /** The directory: its id, or a domain of it. */
  readonly tenant: string;
  readonly clientId: string;
  readonly credential: MicrosoftCredential;
  /** Where tokens are had; without a path. */
  readonly loginUrl: string;
}

/**
 * Tokens of an application itself, for all that an administrator consented to.
 *
 * @param resource whose they are, without a path
 * @see Microsoft identity platform, "client credentials flow", "application authentication certificate credentials"
 */
export function microsoftTokens(
  { tenant, clientId, credential, loginUrl }: MicrosoftApplication,
  resource: string,
  now?: () => Date,
): Tokens {
  const url = new URL(`/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, loginUrl);
  const body = (at: Date) =>
    new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      scope: new URL("/.default", resource).href,
      ...proofOf(credential, { clientId, audience: url.href, at }),
    });
  return new Tokens({ url, body }, now);
}

function proofOf(
  of: MicrosoftCredential,
  { clientId, audience, at }: { clientId: string; audience: string; at: Date },
): Record<string, string> {
  if ("clientSecret" in of) return { client_secret: of.clientSecret() };
  const digest = new X509Certificate(of.certificate).fingerprint256.replaceAll(":", "");
  const seconds = Math.floor(at.getTime() / 1_000);
  const claims = {
    ...{ aud: audience, iss: clientId, sub: clientId, jti: randomUUID() },
    ...{ iat: seconds, nbf: seconds, exp: seconds + ASSERTION_SECONDS },
  };
  const header = { alg: "PS256", "x5t#S256": Buffer.from(digest, "hex").toString("base64url") } as const;
  return {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion(header, claims, of.certificateKey()),
  };
}
