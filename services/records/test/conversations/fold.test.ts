import type { FollowUps, RecordRef } from "@daybook/catalogue";
import fc from "fast-check";
import { fold, follows, inTime } from "../../src/conversations/fold.ts";

type Given = Pick<RecordRef, "kind" | "method"> & {
  account: string;
  networkId?: string;
  target?: string;
  second: number;
};

function refOf({ kind, method, account, networkId, target, second }: Given, index: number): RecordRef {
  return {
    id: index.toString(16).padStart(32, "0"),
    shard: "0",
    index,
    segment: { firstIndex: 0, digest: "0".repeat(64) },
    off: 0,
    len: 1,
    kind,
    network: "whatsapp",
    method,
    provenance: "captured",
    at: new Date(second * 1_000).toISOString(),
    zoneUnknown: false,
    capturedAt: new Date(0).toISOString(),
    attachments: 0,
    partlyIndexed: false,
    keys: {
      account,
      conversation: "1",
      ...(networkId !== undefined && { networkId }),
      ...(target !== undefined && { target }),
    },
  };
}

/** What the catalogue lets stand by itself: see `STANDS` there. */
function standing(all: readonly RecordRef[]): RecordRef[] {
  const named = (ref: RecordRef) =>
    all.filter((one) => one.keys.networkId === ref.keys.target && one.keys.account === ref.keys.account);
  const direct = (ref: RecordRef) => ref.keys.target !== undefined && named(ref).some((one) => !follows(one));
  const through = (ref: RecordRef) =>
    ref.kind !== "edit" &&
    ref.keys.target !== undefined &&
    named(ref).some((one) => one.kind === "edit" && direct(one));
  return all.filter((ref) => !follows(ref) || !(direct(ref) || through(ref))).sort(inTime);
}

function aboutOf(all: readonly RecordRef[]): FollowUps[] {
  const found = new Map<string, FollowUps & { refs: RecordRef[]; total: number }>();
  for (const ref of all.filter((one) => follows(one) && one.keys.target !== undefined).sort(inTime)) {
    const { account, target = "" } = ref.keys;
    const of = found.get(`${account}/${target}`) ?? { account, target, refs: [], total: 0 };
    of.refs.push(ref);
    found.set(`${account}/${target}`, { ...of, total: of.refs.length });
  }
  return [...found.values()];
}

describe("folding", () => {
  it("shows every record of a conversation exactly once, by itself or with another, however it is paged", () => {
    const name = fc.option(fc.constantFrom("1", "2", "3", "4"), { nil: undefined });
    const given = fc.record(
      {
        kind: fc.constantFrom<RecordRef["kind"]>("message", "edit", "delete", "reaction", "receipt", "call"),
        method: fc.constantFrom<RecordRef["method"]>("linked-device", "export"),
        account: fc.constantFrom("a", "b"),
        networkId: name,
        target: name,
        second: fc.nat(9),
      },
      { requiredKeys: ["kind", "method", "account", "second"] },
    );
    fc.assert(
      fc.property(fc.array(given, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (of, size) => {
        const all = of.map((one, index) => refOf(one as Given, index));
        const stands = standing(all);
        const shown: string[] = [];
        for (let from = 0; from < stands.length; from += size) {
          const page = stands.slice(from, from + size);
          const { folds } = fold(page, aboutOf(all), all);
          for (const ref of page) {
            const with_ = folds.get(ref.id)!;
            expect(with_.total).toBe(with_.followUps.length);
            expect(with_.followUps).toEqual([...with_.followUps].sort(inTime));
            shown.push(ref.id, ...with_.followUps.map(({ id }) => id));
          }
        }
        expect(shown.sort()).toEqual(all.map(({ id }) => id).sort());
      }),
      { numRuns: 2_000 },
    );
  });
});
