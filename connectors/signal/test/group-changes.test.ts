import type { Device, Group, PrimaryDevice } from "@signalapp/mock-server";
import { type Actions, sendChange, signedChange, titled } from "./support/groups.ts";
import { Proto } from "./support/mock-signal.ts";
import { Office } from "./support/office.ts";

const { Role } = Proto.Member;
const { AccessRequired } = Proto.AccessControl;

let office: Office;
let phone: PrimaryDevice;
let fred: PrimaryDevice;
let gina: PrimaryDevice;
let device: Device;
let group: Group;
let revision = 0;

beforeAll(async () => {
  office = await Office.open();
  const { server } = office.mock;
  fred = await server.createPrimaryDevice({ profileName: "Fred" });
  gina = await server.createPrimaryDevice({ profileName: "Gina" });
  phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [fred, gina] });
  device = await office.link(phone, [fred]);
  group = await fred.createGroup({ title: "Budget", members: [phone, fred] });
  await office.knows(phone, gina, "Gina");
});
afterAll(() => office.close());

const id = (who: PrimaryDevice) => new Uint8Array(group.encryptServiceId(who.device.aci));
const member = (who: PrimaryDevice, role = Role.DEFAULT) => ({
  userId: id(who),
  role,
  profileKey: null,
  presentation: null,
  joinedAtVersion: null,
  labelEmoji: null,
  labelString: null,
});
const change = (actions: Actions, by = fred) =>
  signedChange(office.mock, group, by, (revision += 1), actions);

/** Sends a change and gives what came of it, in order. */
async function told(sent: Parameters<typeof sendChange>[3], named: number | null = revision) {
  const timestamp = await sendChange(fred, device, group, sent, named);
  const sentAt = new Date(timestamp).toISOString();
  await office.event((event) => event.sentAt === sentAt);
  return office.events.filter((event) => event.sentAt === sentAt);
}

it.each<{ name: string; actions: () => Actions; by?: () => PrimaryDevice; said: object[] }>([
  {
    name: "somebody was added",
    actions: () => ({ addMembers: [{ added: member(gina), joinFromInviteLink: null }] }),
    said: [{ kind: "membership", text: "Fred added Gina" }],
  },
  {
    name: "somebody joined by the link",
    actions: () => ({ addMembers: [{ added: member(gina), joinFromInviteLink: true }] }),
    by: () => gina,
    said: [{ kind: "membership", text: "Gina joined the group by its link" }],
  },
  {
    name: "somebody left",
    actions: () => ({ deleteMembers: [{ deletedUserId: id(gina) }] }),
    by: () => gina,
    said: [{ kind: "membership", text: "Gina left the group" }],
  },
  {
    name: "the official was removed",
    actions: () => ({ deleteMembers: [{ deletedUserId: id(phone) }] }),
    said: [{ kind: "membership", text: "Fred removed Olivia" }],
  },
  {
    name: "roles changed",
    actions: () => ({
      modifyMemberRoles: [
        { userId: id(gina), role: Role.ADMINISTRATOR },
        { userId: id(fred), role: Role.DEFAULT },
      ],
    }),
    said: [
      { kind: "membership", text: "Fred made administrators: Gina" },
      { kind: "membership", text: "Fred is no longer an administrator" },
    ],
  },
  {
    name: "somebody was invited, asked, let in and banned",
    actions: () => ({
      addMembersPendingProfileKey: [
        { added: { member: member(gina), addedByUserId: null, timestamp: null } },
      ],
      deleteMembersPendingProfileKey: [{ deletedUserId: id(gina) }],
      addMembersPendingAdminApproval: [
        { added: { userId: id(gina), profileKey: null, presentation: null, timestamp: null } },
      ],
      promoteMembersPendingAdminApproval: [{ userId: id(gina), role: Role.DEFAULT }],
      addMembersBanned: [{ added: { userId: id(gina), timestamp: null } }],
      deleteMembersBanned: [{ deletedUserId: id(gina) }],
    }),
    said: [
      { text: "Fred invited Gina" },
      { text: "Fred withdrew the invitation of Gina" },
      { text: "Gina asked to join" },
      { text: "Fred let join: Gina" },
      { text: "Fred banned Gina" },
      { text: "Fred lifted the ban of Gina" },
    ].map((one) => ({ kind: "membership", ...one })),
  },
  {
    name: "the timer was set",
    actions: () => ({
      modifyDisappearingMessageTimer: {
        timer: new Uint8Array(group.encryptBlob({ content: { disappearingMessagesDuration: 3_600 } })),
      },
    }),
    said: [
      {
        kind: "timer",
        text: "Fred set messages to disappear after 3600 seconds",
        expiresAfterSeconds: 3_600,
      },
    ],
  },
  {
    name: "the settings changed",
    actions: () => ({
      modifyTitle: { title: titled(group, "Budget 2027") },
      modifyAnnouncementsOnly: { announcementsOnly: true },
      modifyAddFromInviteLinkAccess: { addFromInviteLinkAccess: AccessRequired.ADMINISTRATOR },
      modifyInviteLinkPassword: { inviteLinkPassword: new Uint8Array(16) },
      modifyAvatar: { avatar: "groups/x" },
    }),
    said: [
      { text: expect.stringMatching(/^Fred changed the group's title.* to "Budget 2027"$/) as unknown },
      { text: "Fred changed the group's picture" },
      { text: "Fred let only administrators write" },
      { text: "Fred changed who may join by the group's link: administrators" },
      { text: "Fred renewed the group's link" },
    ].map((one) => ({ kind: "notice", ...one })),
  },
  {
    name: "something happened that this version does not know",
    actions: () => ({ $unknown: [new Uint8Array([0xca, 0x3e, 1, 65])] }),
    said: [
      {
        kind: "notice",
        text: "Fred changed the group in a way that this version does not read: its bytes are kept",
      },
    ],
  },
])("records from a change that $name", async ({ actions, by, said }) => {
  const events = await told(change(actions(), by?.()));
  expect(events).toMatchObject(
    said.map((one) => ({
      ...one,
      conversation: { id: group.id, kind: "group" },
      sender: { id: (by?.() ?? fred).device.aci },
      raw: expect.stringMatching(/^.{20,}$/) as unknown,
    })),
  );
});

describe("believes nothing of a change", () => {
  const actions = () => ({ modifyTitle: { title: titled(group, "Forged") } });
  it.each<{ name: string; why: string; make: () => Parameters<typeof sendChange>[3] }>([
    {
      name: "with a wrong signature",
      why: "Signal's server has not signed it",
      make: () => ({ ...change(actions()), serverSignature: new Uint8Array(64) }),
    },
    {
      name: "with another's signature",
      why: "Signal's server has not signed it",
      make: () => ({ ...change(actions()), serverSignature: change({}).serverSignature }),
    },
    {
      name: "with none",
      why: "Signal's server has not signed it",
      make: () => ({ ...change(actions()), serverSignature: null }),
    },
    {
      name: "that names no revision",
      why: "it names no revision",
      make: () => change({ ...actions(), version: 0 }),
    },
    {
      name: "of another group",
      why: "it is of another group",
      make: () => change({ ...actions(), groupId: new Uint8Array(32) }),
    },
    {
      name: "by nobody of the group",
      why: "it is of another group",
      make: () => change({ ...actions(), sourceUserId: new Uint8Array(65) }),
    },
    {
      name: "that is no change",
      why: "it cannot be read",
      make: () => ({ actions: new Uint8Array([1, 2]), changeEpoch: 1, serverSignature: null }),
    },
  ])("$name", async ({ why, make }) => {
    const events = await told(make());
    expect(events).toMatchObject([
      {
        kind: "notice",
        text: `A change of the group that cannot be verified: ${why}. Its bytes are kept, nothing of it is believed`,
        conversation: { id: group.id },
      },
    ]);
  });
});

it("reads a change of a message that names no revision itself", async () => {
  const events = await told(change({ terminateGroup: {} }), null);
  expect(events).toMatchObject([{ kind: "notice", text: "Fred ended the group" }]);
});

it("knows a change for the same, whoever tells of it", async () => {
  const made = change({ modifyAnnouncementsOnly: { announcementsOnly: false } });
  const first = await told(made);
  const second = await told(made);
  const ids = [first, second].map(([event]) => {
    const { eventId, stableDigest } = office.sink.captured.find((one) => one.event === event)!;
    return [eventId, stableDigest];
  });
  expect(ids[0]).toEqual(ids[1]);
});
