import { createHash, createHmac } from "node:crypto";

export const VONAGE_SECRET = "a secret of Vonage's, made up";

/** What Vonage signs a webhook with, as its header. */
export function jwt(body: string, secret = VONAGE_SECRET): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const hash = createHash("sha256").update(body).digest("hex");
  const signed = `${part({ alg: "HS256" })}.${part({ payload_hash: hash })}`;
  return `Bearer ${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
