import { randomBytes, randomInt } from "node:crypto";
import { z } from "zod";
import { SignalError } from "../error.ts";
import { Aci, plain, PrivateKey, PublicKey } from "../libsignal.ts";
import { heardUntil } from "../coverage.ts";
import { sealDeviceName } from "../protocol/device-name.ts";
import type { ProvisionMessage } from "../protocol/gen/provisioning_pb.ts";
import { pniOf } from "../protocol/service-id.ts";
import {
  type Account,
  findAccount,
  type LinkedAccount,
  ownIdentity,
  writeAccount,
  writePendingAccount,
} from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { ask, type ChatAnswer, parsed } from "../transport/request.ts";
import type { Network } from "../transport/network.ts";
import { noteKeysAtServer } from "./key-ages.ts";
import { waitInWords } from "../transport/wait-in-words.ts";
import { linkEntries } from "./link-entries.ts";
import { PreKeyMaker } from "./prekeys.ts";

/**
 * What the server requires of a new device (409 without them): `spqr` of every one, `usernameChangeSyncMessage` and
 * `attachmentBackfill` where the account's other devices have them.
 */
export const CAPABILITIES: Readonly<Record<string, boolean>> = {
  attachmentBackfill: true,
  spqr: true,
  usernameChangeSyncMessage: true,
};

/** Registration ids have 14 bits. */
const MAX_REGISTRATION_ID = 0x3f_ff;

const answer = z.object({ uuid: z.string(), pni: z.string().nullish(), deviceId: z.int().positive() });

const REFUSALS: Readonly<Record<number, string>> = {
  403: "the code was used before or has run out: scan a new one",
  409: "the phone's app is newer than this version of Daybook allows: upgrade Daybook, then scan a new code",
  411: "the account has as many linked devices as Signal allows: remove one on the phone (Settings, Linked devices), then scan a new code",
  422: "Signal did not accept the keys of this device: scan a new code, and report it if that fails too",
};

/** For the official: what to do. */
function refusal({ status, headers }: ChatAnswer): string {
  if (status !== 429)
    return REFUSALS[status] ?? `Signal did not link the device (${status}): try again with a new code`;
  const wait = waitInWords(Number(headers.get("retry-after")));
  return `Signal asks to wait ${wait} before another device is linked: then scan a new code`;
}

/**
 * Makes this device one of the account's. Its keys and password are durable in `file` before the server is asked, so that
 * a crash leaves no linked device whose keys are lost; and the link after.
 *
 * @throws {SignalError} `link-refused`: its message is for the official; `malformed`; see `connectionFailure`
 */
export async function registerDevice(of: {
  readonly network: Network;
  readonly file: AccountFile;
  readonly provision: ProvisionMessage;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly deviceName: string;
  readonly now: number;
}): Promise<LinkedAccount> {
  const { network, file, provision, deviceName, now } = of;
  const code = required(provision.provisioningCode, "code");
  const changes = new Changes(file);
  const fresh = accountFrom(provision, of.custodian, now);
  let nextKeyId = fresh.nextKeyId;
  const maker = (kind: "aci" | "pni") => {
    const identity = ownIdentity(fresh, kind);
    return (
      identity &&
      new PreKeyMaker({
        values: changes,
        kind,
        identity: identity.privateKey,
        nextId: () => nextKeyId++,
        now,
      })
    );
  };
  const [aciKeys, pniKeys] = [maker("aci"), maker("pni")];
  const keys = {
    aciSignedPreKey: aciKeys?.signed(),
    aciPqLastResortPreKey: aciKeys?.lastResort(),
    pniSignedPreKey: pniKeys?.signed(),
    pniPqLastResortPreKey: pniKeys?.lastResort(),
  };
  const made: Account = { ...fresh, nextKeyId };
  writePendingAccount(changes, made);
  file.commit(changes, now);

  const identityKey = PublicKey.deserialize(plain(Buffer.from(made.aciIdentity.publicKey, "base64")));
  const response = await ask(await network.unauthenticated(), {
    verb: "PUT",
    path: "/v1/devices/link",
    headers: { authorization: `Basic ${Buffer.from(`${made.aci}:${made.password}`).toString("base64")}` },
    body: {
      verificationCode: code,
      accountAttributes: {
        fetchesMessages: true,
        registrationId: made.aciIdentity.registrationId,
        ...(made.pniIdentity && { pniRegistrationId: made.pniIdentity.registrationId }),
        name: Buffer.from(sealDeviceName(deviceName, identityKey)).toString("base64"),
        capabilities: CAPABILITIES,
      },
      ...keys,
    },
  });
  if (response.status !== 200) throw new SignalError("link-refused", refusal(response));
  const { uuid, deviceId } = parsed(response.body, answer);
  if (uuid !== made.aci) throw new SignalError("malformed", "Signal linked another account than the phone's");
  const { aciSignedPreKey, aciPqLastResortPreKey, pniSignedPreKey, pniPqLastResortPreKey } = keys;
  const before = findAccount(file);
  const heard = before && (heardUntil(file) ?? before.linkedAt);
  const linked = { ...made, deviceId, ...(heard !== undefined && { heardUntil: heard }) };
  const confirmed = new Changes(file);
  // What an earlier device's ratchets hold is of no use to this one, and never used again.
  for (const kind of ["session", "devices", "sender-key", "group-key"] as const) confirmed.clear(kind);
  writeAccount(confirmed, linked);
  for (const [kind, signed, lastResort] of [
    ["aci", aciSignedPreKey, aciPqLastResortPreKey],
    ["pni", pniSignedPreKey, pniPqLastResortPreKey],
  ] as const)
    if (signed)
      noteKeysAtServer(confirmed, kind, { signed: signed.keyId, lastResort: lastResort?.keyId }, now);
  confirmed.entries.push(...linkEntries(before, linked));
  file.commit(confirmed, now);
  return linked;
}

/** Of the account itself, before anything is asked: names the file. @throws {SignalError} `malformed` */
export function aciOfProvision({ aciBinary }: ProvisionMessage): string {
  return Aci.fromUuidBytes(required(aciBinary, "account")).getServiceIdString();
}

function accountFrom(
  provision: ProvisionMessage,
  custodian: { readonly id: string; readonly name: string },
  now: number,
): Account {
  const aciIdentity = identityFrom(provision.aciIdentityKeyPublic, provision.aciIdentityKeyPrivate);
  if (!aciIdentity) throw new SignalError("malformed", "the phone sent no identity: show a new code");
  const pniIdentity = identityFrom(provision.pniIdentityKeyPublic, provision.pniIdentityKeyPrivate);
  return {
    v: 1,
    aci: aciOfProvision(provision),
    ...(provision.pniBinary &&
      pniIdentity && { pni: pniOf(provision.pniBinary).getServiceIdString(), pniIdentity }),
    ...(provision.number && { number: provision.number }),
    password: randomBytes(24).toString("base64url"),
    aciIdentity,
    profileKey: Buffer.from(required(provision.profileKey, "profile key")).toString("base64"),
    ...(provision.accountEntropyPool && { accountEntropyPool: provision.accountEntropyPool }),
    ...(provision.masterKey && { masterKey: Buffer.from(provision.masterKey).toString("base64") }),
    custodian: { id: custodian.id, name: custodian.name },
    linkedAt: now,
    nextKeyId: randomInt(1, 0x7f_ff_ff),
  };
}

function identityFrom(publicKey: Uint8Array | undefined, privateKey: Uint8Array | undefined) {
  if (!publicKey?.length || !privateKey?.length) return undefined;
  // Both are read here, so that what cannot be used is refused before the server is asked.
  const [known, secret] = [
    PublicKey.deserialize(plain(publicKey)),
    PrivateKey.deserialize(plain(privateKey)),
  ];
  return {
    publicKey: Buffer.from(known.serialize()).toString("base64"),
    privateKey: Buffer.from(secret.serialize()).toString("base64"),
    registrationId: randomInt(1, MAX_REGISTRATION_ID + 1),
  };
}

function required<T extends Uint8Array | string>(value: T | undefined, what: string): T {
  if (!value?.length) throw new SignalError("malformed", `the phone sent no ${what}: show a new code`);
  return value;
}
