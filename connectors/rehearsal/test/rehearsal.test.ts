import { event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { createRehearsal, REHEARSAL_EVENTS } from "../src/index.ts";

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
    expect(attachments.size).toBe(3);
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
