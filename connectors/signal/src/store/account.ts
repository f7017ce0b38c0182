import { z } from "zod";
import { SignalError } from "../error.ts";
import { IdentityKeyPair, PrivateKey, PublicKey, plain } from "../libsignal.ts";
import type { Values } from "./changes.ts";
import type { OwnIdentity } from "./protocol-stores.ts";

const secretBytes = z.base64();

const identity = z.strictObject({
  publicKey: secretBytes,
  privateKey: secretBytes,
  registrationId: z.int().positive(),
});

/**
 * Who an account is, and what makes this device one of its own. Whoever holds these keys is the official on Signal: they
 * are only ever in an account's file, encrypted.
 */
export const account = z.strictObject({
  v: z.literal(1),
  aci: z.string(),
  /** Accounts may have no phone number. */
  pni: z.string().optional(),
  number: z.string().optional(),
  deviceId: z.int().positive().optional(),
  password: z.string(),
  aciIdentity: identity,
  pniIdentity: identity.optional(),
  profileKey: secretBytes,
  accountEntropyPool: z.string().optional(),
  masterKey: secretBytes.optional(),
  custodian: z.strictObject({ id: z.string(), name: z.string() }),
  /** Milliseconds since 1970: coverage begins here. */
  linkedAt: z.int().nonnegative(),
  /** Until when the link before this one heard everything, milliseconds since 1970; none before the second. */
  heardUntil: z.int().nonnegative().optional(),
  /** Prekeys are numbered from here on; numbers are not used again. */
  nextKeyId: z.int().positive(),
});
export type Account = z.infer<typeof account>;
/** An account whose link Signal has confirmed. */
export type LinkedAccount = Account & { readonly deviceId: number };

const LINKED = "self";
const PENDING = "pending";

/** @throws {SignalError} `account-unreadable`; also when the link was never confirmed */
export function readAccount(values: Pick<Values, "get">): LinkedAccount {
  const found = findAccount(values);
  if (!found) throw new SignalError("account-unreadable", "an account's file holds no account");
  return found;
}

/**
 * The account whose link was confirmed last, if one ever was.
 *
 * @throws {SignalError} `account-unreadable`
 */
export function findAccount(values: Pick<Values, "get">): LinkedAccount | undefined {
  const stored = values.get("account", LINKED);
  if (!stored) return undefined;
  const parsed = account.safeParse(JSON.parse(Buffer.from(stored).toString("utf8")));
  if (!parsed.success) throw new SignalError("account-unreadable", "an account's file is of another version");
  const { deviceId } = parsed.data;
  if (deviceId === undefined)
    throw new SignalError("account-unreadable", "an account was not linked to the end: link it again");
  return { ...parsed.data, deviceId };
}

/** Of a device that Signal is about to be asked for: beside a linked one, which it replaces only when it is confirmed. */
export function writePendingAccount(values: Values, value: Account): void {
  values.set("account", PENDING, encode(value));
}

export function writeAccount(values: Values, value: LinkedAccount): void {
  values.set("account", LINKED, encode(value));
  values.set("account", PENDING, undefined);
}

function encode(value: Account): Buffer {
  return Buffer.from(JSON.stringify(account.parse(value)));
}

/** @returns undefined for the phone number's identity of an account that has none */
export function ownIdentity(of: Account, kind: "aci" | "pni"): OwnIdentity | undefined {
  const keys = kind === "aci" ? of.aciIdentity : of.pniIdentity;
  if (!keys) return undefined;
  let privateKey = privateKeys.get(keys);
  if (!privateKey) {
    privateKey = PrivateKey.deserialize(plain(Buffer.from(keys.privateKey, "base64")));
    privateKeys.set(keys, privateKey);
  }
  return { kind, privateKey, registrationId: keys.registrationId };
}

/** Each message needs it. */
const privateKeys = new WeakMap<Account["aciIdentity"], PrivateKey>();

export function ownKeyPair(keys: Account["aciIdentity"]): IdentityKeyPair {
  return new IdentityKeyPair(
    PublicKey.deserialize(plain(Buffer.from(keys.publicKey, "base64"))),
    PrivateKey.deserialize(plain(Buffer.from(keys.privateKey, "base64"))),
  );
}
