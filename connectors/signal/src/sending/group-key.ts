import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { Aci, ProtocolAddress, SenderKeyDistributionMessage } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { Changes } from "../store/changes.ts";
import { type GroupKey, type Holder, readGroupKey, writeGroupKey } from "../store/group-keys.ts";
import type { Sessions } from "../store/protocol-stores.ts";
import type { Missed } from "./group-missed.ts";
import type { GroupMessage, InTurn } from "./group-send.ts";
import { sendTo, type SendContext, storesOf } from "./send.ts";

/** A key is used no longer: who has got hold of it reads no more from then on. */
const MOST_MS = 14 * 86_400_000;

/** The devices of a member that can be encrypted for now. */
async function devicesOf(member: string, sessions: Sessions): Promise<Holder[]> {
  const devices: Holder[] = [];
  for (const device of sessions.devicesOf(member)) {
    const session = await sessions.getSession(ProtocolAddress.new(Aci.fromUuid(member), device));
    if (session?.hasCurrentState()) devices.push({ device, registration: session.remoteRegistrationId() });
  }
  return devices;
}

/** The devices of members; undefined unless each of them has been given the key, and every member has one. */
export async function devicesWith(
  { holders }: GroupKey,
  members: readonly string[],
  sessions: Sessions,
): Promise<ProtocolAddress[] | undefined> {
  const addresses: ProtocolAddress[] = [];
  for (const member of members) {
    const devices = await devicesOf(member, sessions);
    if (devices.length === 0 || !devices.every((one) => isAmong(one, holders[member]))) return undefined;
    for (const { device } of devices) addresses.push(ProtocolAddress.new(Aci.fromUuid(member), device));
  }
  return addresses;
}

/**
 * The key to encrypt for a group with. It is a new one where somebody has the old one for whom the message is not, or it is
 * old. Durable once it resolves.
 *
 * @param members whom the message is for
 */
export async function keyFor(
  { file, account, now }: SendContext,
  groupId: string,
  members: readonly string[],
): Promise<GroupKey> {
  const changes = new Changes(file);
  const { sessions } = storesOf(account, changes, now().getTime());
  const known = readGroupKey(changes, groupId);
  if (known && now().getTime() - known.madeAt < MOST_MS && (await isTheirs(known, members, sessions)))
    return known;
  const fresh = { distributionId: randomUUID(), madeAt: now().getTime(), holders: {} };
  writeGroupKey(changes, groupId, fresh);
  file.commit(changes, now().getTime());
  return fresh;
}

/**
 * Gives a key to the devices of members that lack it, each in a message of its own, which is no record. Who has been given
 * it is durable also where it breaks off.
 *
 * @throws {SignalError} `unavailable`: some may have it
 */
export async function distribute(
  inTurn: InTurn,
  { group, members, timestamp }: GroupMessage,
  key: GroupKey,
  missed: Missed,
): Promise<void> {
  const wanting = members.filter((member) => !missed.has(member));
  const [lacking, content] = await inTurn((context) => prepared(context, key, wanting));
  const given = new Map<string, Holder[]>();
  try {
    for (const member of lacking) {
      try {
        // Not under the message's own time, by which its recipients know it.
        const devices = await inTurn((context) => give(context, member, content, timestamp - 1));
        given.set(member, devices);
      } catch (cause) {
        missed.take(member, cause);
      }
    }
  } finally {
    await inTurn((context) => Promise.resolve(noteGiven(context, group.id, key, given)));
  }
}

async function prepared(
  { file, account, now }: SendContext,
  key: GroupKey,
  members: readonly string[],
): Promise<[lacking: string[], content: Uint8Array]> {
  const changes = new Changes(file);
  const { sessions, senderKeys } = storesOf(account, changes, now().getTime());
  const lacking: string[] = [];
  for (const member of members) if (!(await devicesWith(key, [member], sessions))) lacking.push(member);
  const own = ProtocolAddress.new(account.aci, account.deviceId);
  const message = await SenderKeyDistributionMessage.create(own, key.distributionId, senderKeys);
  file.commit(changes, now().getTime());
  const content = create(ContentSchema, { senderKeyDistributionMessage: message.serialize() });
  return [lacking, toBinary(ContentSchema, content)];
}

async function give(
  context: SendContext,
  member: string,
  content: Uint8Array,
  timestamp: number,
): Promise<Holder[]> {
  await sendTo(context, Aci.fromUuid(member), content, timestamp);
  const { file, account, now } = context;
  return devicesOf(member, storesOf(account, new Changes(file), now().getTime()).sessions);
}

function noteGiven(
  { file, now }: SendContext,
  groupId: string,
  { distributionId }: GroupKey,
  given: ReadonlyMap<string, readonly Holder[]>,
): void {
  const known = readGroupKey(file, groupId);
  if (given.size === 0 || known?.distributionId !== distributionId) return;
  const holders = { ...known.holders };
  for (const [member, devices] of given) holders[member] = [...devices];
  const changes = new Changes(file);
  writeGroupKey(changes, groupId, { ...known, holders });
  file.commit(changes, now().getTime());
}

/** Nobody has it but those devices. */
async function isTheirs(
  { holders }: GroupKey,
  members: readonly string[],
  sessions: Sessions,
): Promise<boolean> {
  const among = new Set(members);
  for (const [member, held] of Object.entries(holders)) {
    if (!among.has(member)) return false;
    const devices = await devicesOf(member, sessions);
    if (!held.every((one) => isAmong(one, devices))) return false;
  }
  return true;
}

function isAmong({ device, registration }: Holder, among: readonly Holder[] | undefined): boolean {
  return among?.some((one) => one.device === device && one.registration === registration) ?? false;
}
