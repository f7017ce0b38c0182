import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";

/**
 * A JSON Web Token, signed with an RSA key: RFC 7515, RFC 7518.
 *
 * @param header besides `alg` and `typ`
 * @param key PEM
 */
export function assertion(
  { alg, ...header }: { readonly alg: "PS256" | "RS256" } & Readonly<Record<string, string>>,
  claims: Readonly<Record<string, string | number>>,
  key: string,
): string {
  const signed = [{ alg, typ: "JWT", ...header }, claims].map(encoded).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: keyOf(key), ...PADDING[alg] });
  return `${signed}.${signature.toString("base64url")}`;
}

const PADDING = {
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  RS256: { padding: constants.RSA_PKCS1_PADDING },
} as const;

function keyOf(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "rsa") throw new TypeError("the key is no RSA key");
  return key;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
