import { formatRecipients, onlyKey, readRecipients, RecipientList } from "@daybook/openpgp";
import { pairOf } from "./samples.ts";

const [first, second, third, escrow] = await Promise.all([pairOf(), pairOf(), pairOf(), pairOf()]);
const at = (text: string) => new Date(text);
const names = new Map(
  Object.entries({ first, second, third, escrow }).map(([name, { recipients }]) => [
    recipients[0]!.fingerprint,
    name,
  ]),
);
const inForce = (list: RecipientList, when: string) =>
  list.inForce(at(when)).map(({ fingerprint }) => names.get(fingerprint));
const recipientOf = ({ recipients }: typeof first) => recipients[0]!;

describe("a list of recipients", () => {
  const list = new RecipientList([
    { recipient: recipientOf(first), role: "archive" },
    { recipient: recipientOf(escrow), role: "escrow", from: at("2026-02-01T00:00:00.000Z") },
    { recipient: recipientOf(second), role: "archive", from: at("2026-03-01T00:00:00.000Z") },
    { recipient: recipientOf(third), role: "archive", from: at("2026-04-01T00:00:00.000Z") },
  ]);

  it.each([
    { when: "2020-01-01T00:00:00.000Z", who: ["first"] },
    { when: "2026-02-28T23:59:59.999Z", who: ["first", "escrow"] },
    { when: "2026-03-01T00:00:00.000Z", who: ["second", "escrow"] },
    { when: "2026-04-01T00:00:00.000Z", who: ["third", "escrow"] },
  ])("has in force at $when: $who", ({ when, who }) => {
    expect(inForce(list, when)).toEqual(who);
  });

  it("is the same after it was written and read, retired keys too, which are never in force", async () => {
    const retired = new RecipientList([
      { recipient: recipientOf(first), role: "archive", retired: at("2026-03-02T00:00:00.000Z") },
      ...list.keys.slice(1),
    ]);
    const read = await readRecipients(formatRecipients(retired));
    expect(formatRecipients(read)).toBe(formatRecipients(retired));
    expect(read.keys.map(({ recipient: { fingerprint }, ...rest }) => ({ fingerprint, ...rest }))).toEqual(
      retired.keys.map(({ recipient: { fingerprint }, ...rest }) => ({ fingerprint, ...rest })),
    );
    expect(inForce(read, "2026-03-15T00:00:00.000Z")).toEqual(["second", "escrow"]);
    expect(() => read.inForce(at("2026-02-15T00:00:00.000Z"))).toThrow("no archive key is in force yet");
  });

  it("takes plain armored keys for archive keys that are always in force", async () => {
    const read = await readRecipients(first.publicKey + second.publicKey);
    expect(inForce(read, "1999-01-01T00:00:00.000Z")).toEqual(["first", "second"]);
    expect(await onlyKey(formatOf(read, 1))).toMatchObject({
      fingerprint: second.recipients[0]!.fingerprint,
    });
  });

  const formatOf = (read: RecipientList, i: number) => read.keys[i]!.recipient.publicKey;

  it("finds a key by its fingerprint as people write it, and by the id of a subkey", () => {
    const { fingerprint, keyIds } = recipientOf(second);
    const spaced = fingerprint.toLowerCase().replaceAll(/(.{4})/g, "$1 ");
    expect(list.find(spaced)?.recipient.fingerprint).toBe(fingerprint);
    expect(list.find("00")).toBeUndefined();
    for (const id of keyIds) expect(list.byKeyId(id)?.recipient.fingerprint).toBe(fingerprint);
  });

  it("refuses a key twice, no archive key, several keys in one place, and what is no list", async () => {
    const one = { recipient: recipientOf(first), role: "archive" } as const;
    expect(() => new RecipientList([one, one])).toThrow("listed twice");
    expect(() => new RecipientList([{ ...one, role: "escrow" }])).toThrow("need an archive key");
    expect(() => new RecipientList([{ ...one, retired: at("2026-01-01T00:00:00Z") }])).toThrow(
      "need an archive key",
    );
    await expect(onlyKey(first.publicKey + second.publicKey)).rejects.toMatchObject({ code: "malformed" });
    const many = JSON.stringify({
      v: 1,
      keys: [{ role: "archive", publicKey: first.publicKey + second.publicKey }],
    });
    for (const text of ["{", "{}", '{"v":2,"keys":[]}', '{"v":1,"keys":[]}', many, "", "no keys"]) {
      await expect(readRecipients(text)).rejects.toMatchObject({ code: "malformed" });
    }
  });
});
