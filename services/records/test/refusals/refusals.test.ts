import type { Audit } from "@daybook/contract";
import { Refusals } from "../../src/refusals/refusals.ts";

const MINUTE_MS = 60_000;

function setUp() {
  const recorded: Audit[] = [];
  const clock = { ms: 0 };
  const faults: Error[] = [];
  const refusals = new Refusals({
    now: () => new Date(clock.ms),
    trail: {
      draft: () => {
        throw new Error("not used");
      },
      publish: () => Promise.reject(new Error("not used")),
      record: (audit) => {
        const fault = faults.shift();
        if (fault) return Promise.reject(fault);
        recorded.push(audit);
        return Promise.resolve();
      },
    },
  });
  const often = async (id: string, times: number) => {
    for (let n = 0; n < times; n += 1) await refusals.record({ id }, n % 2 === 0 ? "search" : "export");
  };
  return { recorded, clock, faults, refusals, often };
}

describe("Refusals", () => {
  it("records ten of a minute one by one, and the rest as one when it is over", async () => {
    const { recorded, clock, often } = setUp();
    await often("p", 30);
    expect(recorded).toHaveLength(10);
    await often("q", 1);
    expect(recorded).toHaveLength(11);
    clock.ms += MINUTE_MS;
    await often("p", 1);
    expect(recorded.slice(11)).toEqual([
      { actor: "p", action: "refused", detail: { further: { search: 10, export: 10 } } },
      { actor: "p", action: "refused", detail: { action: "search" } },
    ]);
  });

  it("counts on when the count cannot be recorded", async () => {
    const { recorded, clock, faults, often } = setUp();
    await often("p", 12);
    clock.ms += MINUTE_MS;
    faults.push(new Error("the disk is full"));
    await expect(often("p", 1)).rejects.toThrow("the disk is full");
    await often("p", 1);
    expect(recorded.at(-2)).toMatchObject({ detail: { further: { search: 1, export: 1 } } });
  });

  it("records what it counted when it stops", async () => {
    const { recorded, refusals, often } = setUp();
    const stopping = new AbortController();
    const running = refusals.run(stopping.signal);
    await often("p", 11);
    stopping.abort();
    await running;
    expect(recorded.at(-1)).toMatchObject({ detail: { further: { search: 1 } } });
  });
});
