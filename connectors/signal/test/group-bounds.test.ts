import { randomBytes, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { difference } from "../src/groups/difference.ts";
import { MAX_MEMBERS, openState } from "../src/groups/group-state.ts";
import { Aci, zkgroup } from "../src/libsignal.ts";
import { GroupBlobSchema, GroupSchema } from "../src/protocol/gen/group_pb.ts";
import { GroupCipher } from "../src/protocol/group-cipher.ts";
import { openChange } from "../src/protocol/group-change.ts";
import { Changes } from "../src/store/changes.ts";
import {
  type GroupState,
  learnGroup,
  readGroup,
  readGroupState,
  writeGroupState,
} from "../src/store/groups.ts";

const masterKey = randomBytes(32);
const cipher = new GroupCipher(masterKey);
const theirs = new zkgroup.ClientZkGroupCipher(cipher.params);
const server = zkgroup.ServerSecretParams.generate().getPublicParams();

const blob = (title: string) =>
  theirs.encryptBlob(
    new Uint8Array(
      toBinary(GroupBlobSchema, create(GroupBlobSchema, { content: { case: "title", value: title } })),
    ),
  );
const groupOf = (count: number, title = "Budget") =>
  create(GroupSchema, {
    version: 3,
    title: blob(title),
    members: Array.from({ length: count }, () => ({
      userId: theirs.encryptServiceId(Aci.fromUuid(randomUUID())).serialize(),
      role: 1,
    })),
  });

it("opens the largest group that Signal allows, and none that is larger", async () => {
  expect((await openState(groupOf(MAX_MEMBERS), cipher)).members).toHaveLength(1_001);
  const larger = groupOf(MAX_MEMBERS);
  larger.members.push(larger.members[0]!);
  await expect(openState(larger, cipher)).rejects.toMatchObject({ code: "malformed", retryable: false });
});

it("opens no group of which a member cannot be told, and no other group's title", async () => {
  const group = groupOf(2);
  const other = new GroupCipher(randomBytes(32));
  await expect(openState(group, other)).rejects.toMatchObject({ code: "malformed" });
  expect(await openState({ ...group, members: [] }, other)).toMatchObject({ title: "", members: [] });
});

it("bounds titles", async () => {
  expect((await openState(groupOf(1, "x".repeat(2_000)), cipher)).title).toHaveLength(1_024);
  expect((await openState(groupOf(1, "x".repeat(20_000)), cipher)).title).toBe("");
});

it("takes no bytes whatever for a change, and throws over none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(typeof openChange(bytes, cipher, server, "message")).toBe("string");
      expect(typeof openChange(bytes, cipher, server, "log")).toBe("string");
    }),
  );
});

it("keeps a group by revision, and lets go of what is long past", () => {
  const values = new Changes({ get: () => undefined });
  learnGroup(values, cipher.id, masterKey);
  for (let revision = 0; revision < 30; revision += 1)
    writeGroupState(values, cipher.id, { ...EMPTY, revision, title: `T${revision}` }, [], revision);
  expect(readGroup(values, cipher.id)).toMatchObject({ title: "T29", revision: 29, checkedAt: 29 });
  expect(readGroupState(values, cipher.id, 9)).toBeUndefined();
  expect(readGroupState(values, cipher.id, 10)).toMatchObject({ title: "T10" });
  expect(readGroupState(values, cipher.id)).toMatchObject({ title: "T29" });
});

it("tells how two states differ, by number where that is much", () => {
  const many = Array.from({ length: 150 }, (_, n) => ({ id: `m${n}`, admin: false }));
  const after: GroupState = {
    ...EMPTY,
    title: "New",
    members: [...many, { id: "a", admin: true }],
    timerSeconds: 60,
    announcementsOnly: true,
    terminated: true,
  };
  const said = difference({ ...EMPTY, members: [{ id: "gone", admin: true }] }, after);
  expect(said).toContain("no longer members: gone");
  expect(said).toContain("m99 and 51 more");
  expect(said).toContain("new administrators: a");
  expect(said).toContain('title from "" to "New"');
  expect(said).toContain("messages disappear after 60 seconds");
  expect(said).toContain("the group ended");
  expect(difference(after, after)).toBe("nothing that this version reads");
});

const EMPTY: GroupState = {
  revision: 0,
  title: "",
  description: "",
  members: [],
  invited: [],
  requesting: [],
  banned: [],
  timerSeconds: 0,
  announcementsOnly: false,
  access: { attributes: "members", members: "members", link: "nobody" },
  terminated: false,
};
