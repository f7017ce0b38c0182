import { inThreads, select, type Selected } from "../src/selection.ts";
import { catalogueOf } from "./support/catalogue.ts";
import { type Given, stored } from "./support/stored.ts";

async function selected(given: readonly Given[], wanted: Selected, matter = "matter-1"): Promise<string[]> {
  const texts = () => Promise.resolve([]);
  return (await select(catalogueOf(given.map(stored)), wanted, matter, texts)).map((ref) => ref.id);
}

const hit: Given = { id: "hit", text: "the budget", keys: { networkId: "n1" } };
const span = { from: "2026-03-04T00:00:00.000Z", to: "2026-03-04T23:59:59.999Z" };

describe("An export's selection by words", () => {
  it("leaves another custodian's capture of what follows alone, where one custodian is asked for", async () => {
    const reaction = (id: string, custodian: string): Given => ({
      id,
      kind: "reaction",
      keys: { target: "n1", custodian },
    });
    const changed: Given = { id: "twin", text: "the old words", keys: { networkId: "n1", custodian: "bea" } };
    const edit: Given = {
      id: "edit",
      kind: "edit",
      text: "the budget",
      keys: { networkId: "n2", target: "n1" },
    };

    const records = [hit, reaction("mine", "ada"), reaction("hers", "bea"), changed, edit];
    expect(await selected(records, { words: "budget", custodian: "ada" })).toEqual(["hit", "mine", "edit"]);
  });

  it.each(["edit", "delete", "reaction", "receipt"] as const)(
    "brings what follows it: %s about what the words find, and none about anything else",
    async (kind) => {
      const given: Given[] = [
        hit,
        { id: "other", text: "lunch", keys: { networkId: "n2" } },
        { id: "about-hit", kind, keys: { target: "n1" } },
        { id: "about-other", kind, keys: { target: "n2" } },
      ];
      expect(await selected(given, { words: "budget" })).toEqual(["hit", "about-hit"]);
    },
  );

  it("brings the message that a found edit changed, not the message's other captures of the edit", async () => {
    const given: Given[] = [
      { id: "original", text: "lunch", keys: { networkId: "n1" } },
      { id: "unrelated", text: "lunch", keys: { networkId: "n2" } },
      { id: "edit", kind: "edit", text: "the budget", keys: { networkId: "e1", target: "n1" } },
      { id: "twin", kind: "edit", keys: { networkId: "e1" } },
    ];
    expect(await selected(given, { words: "budget" })).toEqual(["original", "edit"]);
  });

  it("does not find words in what is not written by people", async () => {
    const given: Given[] = [hit, { id: "call", kind: "call", text: "budget" }];
    expect(await selected(given, { words: "budget" })).toEqual(["hit"]);
  });

  it("finds each record once, in the order of the logs, however it was reached", async () => {
    const given: Given[] = [
      { id: "late", text: "budget", shard: "1", index: 10, keys: { networkId: "n1" } },
      { id: "early", text: "budget", shard: "1", index: 9, kind: "edit", keys: { target: "n1" } },
      { id: "audit", kind: "audit", shard: "audit", index: 0, keys: { matter: "matter-1" } },
      { id: "first", kind: "reaction", shard: "0", index: 70, keys: { target: "n1" } },
    ];
    expect(await selected(given, { words: "budget" })).toEqual(["first", "early", "late", "audit"]);
  });
});

describe("An export's selection without words", () => {
  const kinds = [
    "message",
    "edit",
    "delete",
    "reaction",
    "receipt",
    "timer",
    "membership",
    "call",
    "identity",
    "notice",
  ] as const;
  const ofEach = kinds.map((kind): Given => ({ id: kind, kind }));
  const listening: Given[] = [
    { id: "gap", kind: "gap", span },
    { id: "coverage", kind: "coverage", span },
  ];
  const audit: Given = { id: "audit", kind: "audit", keys: { matter: "matter-2" } };

  it("takes every kind but the audit when nothing narrows it", async () => {
    expect(await selected([...ofEach, ...listening, audit], {})).toEqual([...kinds, "gap", "coverage"]);
  });

  it("takes every kind but the audit of a custodian, and of no other", async () => {
    const theirs = ofEach.map((given) => ({ ...given, id: `bob-${given.id}`, keys: { custodian: "bob" } }));
    const found = await selected([...ofEach, ...listening, audit, ...theirs], { custodian: "ada" });
    expect(found).toEqual([...kinds, "gap", "coverage"]);
  });

  it.each([
    ["network", { network: "whatsapp" }, { network: "signal" }],
    ["conversation", { conversation: "c1" }, { keys: { conversation: "c2" } }],
    ["from", { from: "2026-03-04" }, { at: "2026-03-03T23:59:59.999Z" }],
    ["to", { to: "2026-03-04" }, { at: "2026-03-05T00:00:00.000Z" }],
  ] as const)("is narrowed by %s", async (_, wanted, outside) => {
    const given: Given[] = [
      { id: "in", keys: { conversation: "c1" } },
      { id: "out", ...outside },
    ];
    expect(await selected(given, wanted)).toEqual(["in"]);
  });
});

describe("A narrowed selection", () => {
  const day: Selected = { custodian: "ada", network: "whatsapp", from: "2026-03-04", to: "2026-03-04" };

  it.each(["gap", "coverage"] as const)(
    "brings what follows it: %s whose interval meets the one asked for, of this custodian and network",
    async (kind) => {
      const longer = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-09T00:00:00.000Z" };
      const before = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-03T23:59:59.999Z" };
      const after = { from: "2026-03-05T00:00:00.000Z", to: "2026-03-06T00:00:00.000Z" };
      const given: Given[] = [
        { id: "over", kind, span: longer, at: longer.from },
        { id: "before", kind, span: before },
        { id: "after", kind, span: after },
        { id: "bob", kind, span, keys: { custodian: "bob" } },
        { id: "signal", kind, span, network: "signal" },
      ];
      expect(await selected(given, day)).toEqual(["over"]);
      expect(await selected(given, { ...day, words: "budget" })).toEqual(["over"]);
    },
  );

  it("brings what is about the messages of somebody outside, and the gaps, with words and without", async () => {
    const theirs: Given[] = [
      { ...hit, keys: { networkId: "n1", sender: "fergus" } },
      { id: "liked", kind: "reaction", keys: { target: "n1", sender: "ada" } },
      { id: "other", text: "the budget", keys: { sender: "ada" } },
      { id: "signal", network: "signal", text: "the budget", keys: { sender: "fergus" } },
      { id: "gap", kind: "gap", span },
    ];
    const parties = [{ network: "whatsapp" as const, ids: ["fergus"] }];
    expect(await selected(theirs, { parties })).toEqual(["hit", "liked", "gap"]);
    expect(await selected(theirs, { parties, words: "budget" })).toEqual(["hit", "liked", "gap"]);
    expect(await selected(theirs, { parties: [] })).toEqual(["gap"]);
  });

  it("brings gaps to a conversation, which they do not name", async () => {
    const given: Given[] = [
      { id: "said", keys: { conversation: "c1" } },
      { id: "gap", kind: "gap", span },
    ];
    expect(await selected(given, { conversation: "c1" })).toEqual(["said", "gap"]);
  });

  it("brings the notices of the files that its records cite, and of no other", async () => {
    const given: Given[] = [
      { id: "notice", kind: "notice", keys: { custodian: "bob", source: "s1" } },
      { id: "other-notice", kind: "notice", keys: { custodian: "bob", source: "s2" } },
      { ...hit, keys: { source: "s1" } },
    ];
    expect(await selected(given, { words: "budget" })).toEqual(["notice", "hit"]);
    expect(await selected(given, { custodian: "ada" })).toEqual(["notice", "hit"]);
  });

  it("brings the audit of its own matter alone, whatever the filters", async () => {
    const given: Given[] = [
      { id: "ours", kind: "audit", at: "2020-01-01T00:00:00.000Z", keys: { matter: "matter-1" } },
      { id: "theirs", kind: "audit", text: "budget", keys: { matter: "matter-2" } },
      { id: "no-matter", kind: "audit", text: "budget" },
    ];
    for (const wanted of [{}, day, { words: "budget" }])
      expect(await selected(given, wanted)).toEqual(["ours"]);
  });
});

describe("Records in threads", () => {
  it("are ordered by custodian, conversation, time and place in the logs", () => {
    const order: Given[] = [
      { id: "no-conversation", at: "2026-03-09T00:00:00.000Z" },
      { id: "c1-first", at: "2026-03-04T00:00:00.000Z", shard: "1", index: 9, keys: { conversation: "c1" } },
      { id: "c1-place-0", shard: "0", index: 10, keys: { conversation: "c1" } },
      { id: "c1-place-1", shard: "1", index: 9, keys: { conversation: "c1" } },
      { id: "c1-place-2", shard: "1", index: 10, keys: { conversation: "c1" } },
      { id: "c2", at: "2026-03-01T00:00:00.000Z", keys: { conversation: "c2" } },
      { id: "bob", at: "2026-02-01T00:00:00.000Z", keys: { custodian: "bob", conversation: "c0" } },
    ];
    const refs = order.map((given, index) => stored(given, index).ref);
    const given = refs.toReversed();
    expect(inThreads(given)).toEqual(refs);
    expect(given).toEqual(refs.toReversed());
  });
});
