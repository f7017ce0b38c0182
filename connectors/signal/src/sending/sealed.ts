import { z } from "zod";
import {
  type Aci,
  ContentHint,
  plain,
  ProtocolAddress,
  SenderCertificate,
  sealedSenderEncrypt,
  type ServiceId,
  UnidentifiedSenderMessageContent,
} from "../libsignal.ts";
import { accessKeyOf } from "../protocol/access-key.ts";
import { Changes, type Values } from "../store/changes.ts";
import { readContact } from "../store/contacts.ts";
import type { Identities } from "../store/protocol-stores.ts";
import { askFor } from "../transport/request.ts";
import type { Encrypted } from "./encrypt.ts";
import type { SendContext } from "./send.ts";

const CERTIFICATE = "sender-certificate";
/** A certificate is fetched anew when it has less than this to live: recipients' clocks differ. */
const MARGIN_MS = 3_600_000;

const delivery = z.object({ certificate: z.base64() });

/** One device's copy, and nothing outside of it says who sends. */
export interface Sealed {
  readonly deviceId: number;
  readonly registrationId: number;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** What lets this account send to somebody without naming itself: undefined until their profile key is known. */
export function accessKeyFor(
  values: Pick<Values, "get">,
  to: ServiceId,
): Uint8Array<ArrayBuffer> | undefined {
  const { profileKey } = readContact(values, to.getServiceIdString());
  return profileKey === undefined ? undefined : accessKeyOf(Buffer.from(profileKey, "base64"));
}

/**
 * What tells a recipient, inside of the seal, that Signal vouches for this account: without its phone number. Kept until
 * it is about to run out.
 *
 * @throws {SignalError} `rate-limited`, `unavailable`
 */
export async function senderCertificate({ chat, file, now }: SendContext): Promise<SenderCertificate> {
  const kept = file.get("link", CERTIFICATE);
  const known = kept && SenderCertificate.deserialize(kept);
  if (known && known.expiration() - now().getTime() > MARGIN_MS) return known;
  const path = "/v1/certificate/delivery?includeE164=false";
  const { certificate } = await askFor(chat, { verb: "GET", path }, delivery);
  const fresh = SenderCertificate.deserialize(plain(Buffer.from(certificate, "base64")));
  const changes = new Changes(file);
  changes.set("link", CERTIFICATE, fresh.serialize());
  file.commit(changes, now().getTime());
  return fresh;
}

/** Puts each device's copy under a seal that it alone opens. Nothing in the stores changes. */
export function seal(
  encrypted: readonly Encrypted[],
  to: Aci,
  certificate: SenderCertificate,
  identities: Identities,
): Promise<Sealed[]> {
  return Promise.all(
    encrypted.map(async ({ deviceId, registrationId, contents }) => {
      const hint = ContentHint.Resendable;
      const content = UnidentifiedSenderMessageContent.new(contents, certificate, hint, null);
      const address = ProtocolAddress.new(to, deviceId);
      return { deviceId, registrationId, contents: await sealedSenderEncrypt(content, address, identities) };
    }),
  );
}
