import { event, type LinkStep } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { createRehearsal, REHEARSAL_EVENTS } from "../src/index.ts";
import { rehearsalLinks } from "../src/linking.ts";

const custodian = (name: string) => ({ id: `custodian-${name.length}`, name });

async function play(sink: RecordingSink): Promise<RecordingSink> {
  await createRehearsal({ custodian }).run(sink, new AbortController().signal);
  return sink;
}

describe("the rehearsal", () => {
  it("plays every event once, each fitting the schema", async () => {
    const { captured } = await play(new RecordingSink());

    expect(captured).toHaveLength(REHEARSAL_EVENTS);
    for (const { event: played, attachments } of captured) {
      const refs = (attachments ?? []).map(({ sessionKey: _, ...ref }) => ref);
      const whole = {
        ...played,
        capturedAt: "2026-03-09T00:00:00.000Z",
        ...(refs.length > 0 && { attachments: refs }),
      };
      expect(event.safeParse(whole).error).toBeUndefined();
    }
  });

  it("shows every kind of thing that a screen has to show", async () => {
    const { captured, attachments } = await play(new RecordingSink());

    const kinds = new Set(captured.map((c) => c.event.kind));
    for (const kind of [
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
      "gap",
      "coverage",
    ] as const) {
      expect(kinds).toContain(kind);
    }
    expect(new Set(captured.map((c) => c.event.network)).size).toBeGreaterThanOrEqual(3);
    expect(attachments.size).toBe(5);
  });

  it("refers only to events that it has played before", async () => {
    const seen = new Set<string>();
    for (const { event: played } of (await play(new RecordingSink())).captured) {
      for (const reference of [played.target, played.replyTo]) {
        if (reference !== undefined) expect(seen).toContain(reference);
      }
      seen.add(played.networkId!);
    }
  });

  it("gives the same ids when it is played again", async () => {
    const ids = async () =>
      (await play(new RecordingSink())).captured.map((c) => [c.eventId, c.stableDigest]);

    expect(await ids()).toEqual(await ids());
  });

  it("hands an event over again, under the same id, until it is durable", async () => {
    const { captured } = await play(new RecordingSink({ failures: 2, keep: true }));

    expect(captured.slice(0, 3).map((c) => c.eventId)).toEqual(["rehearsal:0", "rehearsal:0", "rehearsal:0"]);
    expect(new Set(captured.map((c) => c.eventId)).size).toBe(REHEARSAL_EVENTS);
  });
});

describe("a phone that there is not", () => {
  it("is linked after two codes, and told among the accounts from then on", async () => {
    const { linker, health } = rehearsalLinks({ custodian, codeMs: 1 });
    const isla = { id: "custodian-isla", name: "Isla Brennan" };
    const steps: LinkStep[] = [];
    for await (const step of linker.link(isla, new AbortController().signal)) steps.push(step);

    expect(steps.map(({ step }) => step)).toEqual(["show", "show", "linking", "linked"]);
    expect(steps.at(-1)).toMatchObject({ account: "+447700900103", again: false });
    expect(new Set(steps.flatMap((step) => (step.step === "show" ? [step.url] : []))).size).toBe(2);
    expect(health().find(({ account }) => account === "+447700900103")).toMatchObject({
      custodian: isla,
      status: "live",
    });
  });

  it("is linked no more once that is given up", async () => {
    const { linker, health } = rehearsalLinks({ custodian });
    const before = health().length;
    const giving = new AbortController();
    await expect(async () => {
      for await (const _ of linker.link({ id: "x", name: "Nobody" }, giving.signal)) giving.abort();
    }).rejects.toMatchObject({ name: "AbortError" });
    expect(health()).toHaveLength(before);
  });
});
