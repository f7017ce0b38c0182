import { createHmac } from "node:crypto";
import { compactVerify } from "jose";
import { z } from "zod";
import { type Received, sha256, type VonageSource } from "../source.ts";
import { flatOf } from "../reading/flat.ts";
import { isAny, isSame } from "./same.ts";

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;
const MAX_TOKEN = 8_192;
const claims = z.looseObject({ payload_hash: z.string() });

/**
 * What Vonage signed it with; undefined where it did not. A token that has run out is taken: what is delivered late, or twice,
 * is the same record.
 *
 * @see Vonage, "Decoding signed webhooks" (JWT) and "Signing messages" (`sig`)
 */
export async function signedByVonage(source: VonageSource, received: Received): Promise<string | undefined> {
  const authorization = received.headers.get("authorization");
  if (authorization !== undefined) {
    const [, token] = BEARER.exec(authorization) ?? [];
    if (token === undefined || token.length > MAX_TOKEN) return undefined;
    let isSigned = false;
    for (const secret of source.secrets())
      if (await isSignedJwt(token, secret, received.body)) isSigned = true;
    return isSigned ? "JWT, HS256 with payload_hash" : undefined;
  }
  const { legacyHash: hash } = source;
  if (!hash) return undefined;
  const parameters = flatOf(received);
  const given = parameters?.sig;
  if (!parameters || given === undefined) return undefined;
  const text = Object.keys(parameters)
    .filter((name) => name !== "sig")
    .sort()
    .map((name) => `&${name}=${(parameters[name] ?? "").replaceAll(/[&=]/g, "_")}`)
    .join("");
  const ours = source.secrets().map((secret) => createHmac(hash, secret).update(text).digest("hex"));
  return isAny(given.toLowerCase(), ours) ? `sig, HMAC-${hash.toUpperCase()}` : undefined;
}

/** Of no body but the one whose hash it bears. */
async function isSignedJwt(token: string, secret: string, body: Buffer): Promise<boolean> {
  try {
    const { payload } = await compactVerify(token, Buffer.from(secret), { algorithms: ["HS256"] });
    const { data } = claims.safeParse(JSON.parse(Buffer.from(payload).toString()));
    return data !== undefined && isSame(data.payload_hash.toLowerCase(), sha256(body));
  } catch {
    return false;
  }
}
