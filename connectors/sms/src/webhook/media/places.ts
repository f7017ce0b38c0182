import { lookup as resolve } from "node:dns";
import { BlockList, type LookupFunction } from "node:net";
import type { WebhookSource } from "../source.ts";

/** Where a provider's media may be. */
export interface Places {
  /** Of its API, as an operator set it: credentials go there, and nowhere else. */
  readonly own: URL | undefined;
  readonly isTrusted: (url: URL) => boolean;
}

const TWILIO_HOSTS = /(?:^|\.)(?:twilio|twiliocdn)\.com$/;
/** Of an account that has not set that media need its credentials. */
const TWILIO_BUCKET = { host: "s3-external-1.amazonaws.com", path: "/media.twiliocdn.com/" };
const VONAGE_HOSTS = /(?:^|\.)(?:nexmo|vonage)\.com$/;

export function placesOf(source: WebhookSource): Places {
  const own = source.provider === "twilio" ? new URL(source.apiUrl) : undefined;
  const isTheirs = ({ host, pathname }: URL) => {
    if (source.provider === "vonage") return VONAGE_HOSTS.test(host);
    if (source.provider !== "twilio") return false;
    return (
      TWILIO_HOSTS.test(host) || (host === TWILIO_BUCKET.host && pathname.startsWith(TWILIO_BUCKET.path))
    );
  };
  return {
    own,
    isTrusted: (url) => url.origin === own?.origin || (url.protocol === "https:" && isTheirs(url)),
  };
}

/** @see RFC 6890, and the IANA registries that it begins */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  PRIVATE.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  PRIVATE.addSubnet(net, bits, "ipv6");

/** Whether it is an address on the Internet; one of IPv4 in IPv6's writing is judged as what it is. */
export function isPublic(address: string, family: number): boolean {
  return !PRIVATE.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Finds no private address, whatever a name is said to have. */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, "", 0);
    const open = found.filter(({ address, family }) => isPublic(address, family));
    const [first] = open;
    if (!first) return callback(new Error("it has no public address"), "", 0);
    if (options.all) return callback(null, open);
    callback(null, first.address, first.family);
  });
};
