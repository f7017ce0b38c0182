import { selectChosen } from "../src/chosen.ts";
import { catalogueOf } from "./support/catalogue.ts";
import { type Given, stored } from "./support/stored.ts";

const MATTER = "matter-1";

async function chosen(given: readonly Given[], ids: readonly string[]): Promise<string[]> {
  return (await selectChosen(catalogueOf(given.map(stored)), ids, MATTER)).map((ref) => ref.id);
}

const hit: Given = { id: "hit", keys: { networkId: "n1" } };
const other: Given = { id: "other", keys: { networkId: "n2" } };

describe("what belongs to a selection", () => {
  it("is what was selected and is there, each once, in the order of the logs, and nothing else", async () => {
    expect(await chosen([other, hit], ["hit", "gone", "hit"])).toEqual(["hit"]);
    expect(await chosen([other, hit], ["hit", "other"])).toEqual(["other", "hit"]);
  });

  it.each(["edit", "delete", "reaction", "receipt"] as const)("is each %s of it", async (kind) => {
    const given: Given[] = [
      hit,
      other,
      { id: "about-hit", kind, keys: { target: "n1" } },
      { id: "about-other", kind, keys: { target: "n2" } },
    ];
    expect(await chosen(given, ["hit"])).toEqual(["hit", "about-hit"]);
  });

  it("is what a selected edit changed, and not what a selected reply answers", async () => {
    const given: Given[] = [
      hit,
      other,
      { id: "edit", kind: "edit", keys: { networkId: "e1", target: "n1", replyTo: "n2" } },
    ];
    expect(await chosen(given, ["edit"])).toEqual(["hit", "edit"]);
    const reply: Given = { id: "reply", keys: { networkId: "r1", replyTo: "n2" } };
    expect(await chosen([other, reply], ["reply"])).toEqual(["reply"]);
  });

  it("is nothing of another custodian's capture of the same message", async () => {
    const given: Given[] = [
      hit,
      { id: "twin", keys: { networkId: "n1", custodian: "bea" } },
      { id: "hers", kind: "reaction", keys: { target: "n1", custodian: "bea" } },
      { id: "edit", kind: "edit", keys: { networkId: "e1", target: "n1" } },
    ];
    expect(await chosen(given, ["hit"])).toEqual(["hit", "edit"]);
    expect(await chosen(given, ["edit"])).toEqual(["hit", "edit"]);
    expect(await chosen(given, ["twin"])).toEqual(["twin", "hers"]);
  });

  it("is the gaps and coverage of its custodians and networks while it was said", async () => {
    const at = (id: string, time: string): Given => ({ id, at: `2026-03-${time}:00.000Z` });
    const span = (id: string, from: string, to: string, more: Partial<Given> = {}): Given => ({
      id,
      kind: "gap",
      span: { from: `2026-03-${from}:00.000Z`, to: `2026-03-${to}:00.000Z` },
      ...more,
    });
    const given: Given[] = [
      at("first", "04T12:00"),
      at("last", "04T18:00"),
      { ...at("hers", "09T12:00"), keys: { custodian: "bea" } },
      span("before", "04T10:00", "04T11:59"),
      span("into", "04T11:00", "04T12:00"),
      span("within", "04T13:00", "04T14:00", { kind: "coverage" }),
      span("after", "04T18:01", "04T19:00"),
      span("bea's", "04T13:00", "04T14:00", { keys: { custodian: "bea" } }),
      span("sms", "04T13:00", "04T14:00", { network: "sms" }),
      span("later", "09T11:00", "09T13:00"),
    ];
    expect(await chosen(given, ["first", "last"])).toEqual(["first", "last", "into", "within"]);
    // Each custodian's line has its own interval.
    expect(await chosen(given, ["first", "last", "hers"])).not.toContain("later");
    expect(await chosen(given, ["first"])).toEqual(["first", "into"]);
  });

  it("is the notice of the file that it cites, and the matter's own audit, selected or not", async () => {
    const audit = (id: string, matter: string): Given => ({ id, kind: "audit", keys: { matter } });
    const given: Given[] = [
      { ...hit, keys: { networkId: "n1", source: "file" } },
      { id: "notice", kind: "notice", keys: { source: "file" } },
      { id: "another", kind: "notice", keys: { source: "other" } },
      audit("own", MATTER),
      audit("foreign", "matter-2"),
    ];
    expect(await chosen(given, ["hit"])).toEqual(["hit", "notice", "own"]);
    expect(await chosen(given, ["hit", "foreign"])).toEqual(["hit", "notice", "own"]);
  });
});
