import { SignalError } from "../error.ts";
import { Aci, IdentityKeyPair, KyberPreKeyRecord, plain, SignedPreKeyRecord } from "../libsignal.ts";
import { noteKeysAtServer } from "../linking/key-ages.ts";
import type { Envelope } from "../protocol/gen/envelope_pb.ts";
import type { SyncMessage } from "../protocol/gen/sync_pb.ts";
import { pniOf } from "../protocol/service-id.ts";
import { type LinkedAccount, writeAccount } from "../store/account.ts";
import type { Changes } from "../store/changes.ts";
import { preKeyName } from "../store/protocol-stores.ts";
import { timestampIn } from "./envelope.ts";

/**
 * Takes a new phone number, its identity and its keys: together with the message that says so, or not at all.
 *
 * @throws {SignalError} `malformed`
 */
export function changedNumber(
  change: Extract<SyncMessage["content"], { case: "pniChangeNumber" }>["value"],
  envelope: Envelope,
  account: LinkedAccount,
  changes: Changes,
): LinkedAccount {
  const { identityKeyPair, signedPreKey, lastResortKyberPreKey, registrationId, newE164 } = change;
  const pni =
    envelope.updatedPniBinary ??
    (envelope.updatedPni ? Aci.fromUuid(envelope.updatedPni).getRawUuidBytes() : undefined);
  if (!identityKeyPair || !signedPreKey || !registrationId || !pni)
    throw new SignalError("malformed", "a change of number is not whole");
  const pair = IdentityKeyPair.deserialize(plain(identityKeyPair));
  const signed = SignedPreKeyRecord.deserialize(plain(signedPreKey));
  changes.set("signed-prekey", preKeyName("pni", signed.id()), signed.serialize());
  const at = timestampIn(envelope.serverTimestamp ?? envelope.clientTimestamp);
  let lastResort: number | undefined;
  if (lastResortKyberPreKey) {
    const kyber = KyberPreKeyRecord.deserialize(plain(lastResortKyberPreKey));
    changes.set("kyber-prekey", preKeyName("pni", kyber.id()), kyber.serialize());
    changes.set("kyber-used", preKeyName("pni", kyber.id()), Buffer.from("last-resort"));
    lastResort = kyber.id();
  }
  noteKeysAtServer(changes, "pni", { signed: signed.id(), lastResort }, at);
  const next = {
    ...account,
    pni: pniOf(pni).getServiceIdString(),
    ...(newE164 && { number: newE164 }),
    pniIdentity: {
      publicKey: Buffer.from(pair.publicKey.serialize()).toString("base64"),
      privateKey: Buffer.from(pair.privateKey.serialize()).toString("base64"),
      registrationId,
    },
  };
  writeAccount(changes, next);
  return next;
}
