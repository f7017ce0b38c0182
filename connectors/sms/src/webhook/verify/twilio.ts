import { createHmac } from "node:crypto";
import { parametersOf } from "../form.ts";
import { type Received, sha256, type TwilioSource } from "../source.ts";
import { isAny, isSame } from "./same.ts";

export const TWILIO_SIGNATURE = "x-twilio-signature";
export const TWILIO_SETTINGS = "x-twilio-webhooks-signature-settings";
const FORM = "application/x-www-form-urlencoded";

/**
 * What Twilio signed it with; undefined where it did not. The scheme has no time and puts names and values together without
 * anything between them: it says that Twilio sent these bytes, not when.
 *
 * @see Twilio, "Webhooks security": the URL as it is set, then each name and value of a form in the names' order; of a body that
 * is no form, its SHA-256 stands in the URL
 */
export function signedByTwilio({ authTokens }: TwilioSource, received: Received): string | undefined {
  const { headers, url, mediaType, body } = received;
  const given = headers.get(TWILIO_SIGNATURE);
  if (given === undefined) return undefined;
  const hash = hashOf(headers.get(TWILIO_SETTINGS));
  const tail = mediaType === FORM ? tailOf(body) : isHashed(url, body) ? "" : undefined;
  if (hash === undefined || tail === undefined) return undefined;
  const ours = authTokens().flatMap((token) =>
    formsOf(url).map((form) => createHmac(hash, token).update(`${form}${tail}`).digest("base64")),
  );
  return isAny(given, ours) ? `X-Twilio-Signature, HMAC-${hash.toUpperCase()}` : undefined;
}

/** A shared key of a webhooks rule signs with another hash, and says so. */
function hashOf(settings: string | undefined): "sha1" | "sha256" | undefined {
  if (settings === undefined) return "sha1";
  return /(?:^|,)\s*algorithm=HMAC_SHA256\s*(?:,|$)/.test(settings) ? "sha256" : undefined;
}

/** Equal pairs count once. */
function tailOf(body: Buffer): string | undefined {
  const parameters = parametersOf(body);
  if (!parameters) return undefined;
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of parameters) byName.set(name, (byName.get(name) ?? new Set()).add(value));
  return [...byName.keys()]
    .sort()
    .flatMap((name) => [...(byName.get(name) ?? [])].sort().map((value) => `${name}${value}`))
    .join("");
}

function isHashed(url: URL, body: Buffer): boolean {
  const [given, another] = url.searchParams.getAll("bodySHA256");
  return given !== undefined && another === undefined && isSame(given.toLowerCase(), sha256(body));
}

/** With its port and without: Twilio's own libraries take either, for senders have done both. */
function formsOf(url: URL): string[] {
  const { protocol, hostname, port, pathname, search } = url;
  const ports = [`:${port || (protocol === "https:" ? "443" : "80")}`, ""];
  return ports.map((one) => `${protocol}//${hostname}${one}${pathname}${search}`);
}
