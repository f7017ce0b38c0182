import { createHmac, timingSafeEqual } from "node:crypto";

const FORM = /^sha256=([0-9a-f]{64})$/;

/**
 * Whether Meta signed these bytes, as they came: parsed and written again they differ (escaped Unicode, numbers of 18
 * digits). Takes the same time for every wrong signature of the right form.
 *
 * @param header `X-Hub-Signature-256`
 * @param secrets of the app: any of them may have signed
 * @see Meta, "Webhooks: validate payloads"
 */
export function isSigned(body: Uint8Array, header: string | undefined, secrets: readonly string[]): boolean {
  const given = FORM.exec(header ?? "")?.[1];
  if (given === undefined) return false;
  const signature = Buffer.from(given, "hex");
  let signed = false;
  for (const secret of secrets) {
    const ours = createHmac("sha256", secret).update(body).digest();
    if (timingSafeEqual(ours, signature)) signed = true;
  }
  return signed;
}
