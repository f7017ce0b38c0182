import type { AccountRecord, ContactRecord, StorageRecord } from "../protocol/gen/storage_pb.ts";
import { groupIdOf } from "../protocol/group-id.ts";
import { fullName } from "../protocol/profile-cipher.ts";
import { pniOf, serviceIdText } from "../protocol/service-id.ts";
import { type LinkedAccount, writeAccount } from "../store/account.ts";
import type { Changes } from "../store/changes.ts";
import type { Contact } from "../store/contacts.ts";
import { learnGroup } from "../store/groups.ts";
import { learnNames } from "../store/learn-names.ts";

const VERIFIED = 1;
const MAX_TEXT = 256;

/**
 * Takes what an official's phone keeps of people, groups and itself. Its settings are not followed: what is captured does
 * not depend on them.
 *
 * @param at milliseconds since 1970
 * @returns the account, where it is another now
 */
export function learnRecords(
  records: readonly StorageRecord[],
  account: LinkedAccount,
  changes: Changes,
  at: number,
): LinkedAccount | undefined {
  let own: LinkedAccount | undefined;
  for (const { record } of records) {
    switch (record.case) {
      case "contact":
        learnPerson(record.value, account, changes, at);
        break;
      case "groupV2":
        learnMasterKey(record.value.masterKey, changes);
        break;
      case "account":
        own = learnOwn(record.value, own ?? account, changes, at) ?? own;
        break;
    }
  }
  return own;
}

function learnPerson(record: ContactRecord, account: LinkedAccount, changes: Changes, at: number): void {
  const aci = record.aciBinary.length === 16 ? serviceIdText(record.aciBinary) : undefined;
  const pni = record.pniBinary.length === 16 ? pniOf(record.pniBinary).getServiceIdString() : undefined;
  const { nickname, systemNickname, systemGivenName, systemFamilyName, profileKey } = record;
  const name =
    fullName(nickname?.given ?? "", nickname?.family ?? "") ||
    fullName(systemGivenName, systemFamilyName) ||
    fullName(systemNickname, "");
  const profileName = fullName(record.givenName, record.familyName);
  const news: Contact = {
    ...(name && { name }),
    ...(profileName && { profileName }),
    ...(record.e164 && { number: record.e164.slice(0, MAX_TEXT) }),
    ...(record.username && { username: record.username.slice(0, MAX_TEXT).toWellFormed() }),
    blocked: record.blocked,
    verified: record.identityState === VERIFIED,
  };
  if (aci !== undefined && aci !== account.aci) {
    const key = profileKey.length === 32 && { profileKey: Buffer.from(profileKey).toString("base64") };
    learnNames(changes, aci, { ...news, ...key }, at);
  }
  if (pni !== undefined && pni !== account.pni)
    learnNames(changes, pni, { ...news, ...(aci && { aci }) }, at);
}

function learnMasterKey(masterKey: Uint8Array, changes: Changes): void {
  const id = groupIdOf(masterKey);
  if (id !== undefined) learnGroup(changes, id, masterKey);
}

function learnOwn(
  { givenName, familyName, username, profileKey }: AccountRecord,
  account: LinkedAccount,
  changes: Changes,
  at: number,
): LinkedAccount | undefined {
  const profileName = fullName(givenName, familyName);
  const news: Contact = {
    ...(profileName && { profileName }),
    ...(username && { username: username.slice(0, MAX_TEXT).toWellFormed() }),
  };
  learnNames(changes, account.aci, news, at);
  const key = Buffer.from(profileKey).toString("base64");
  if (profileKey.length !== 32 || key === account.profileKey) return undefined;
  const next = { ...account, profileKey: key };
  writeAccount(changes, next);
  return next;
}
