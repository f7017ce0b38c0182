import { PassThrough } from "node:stream";
import { event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { accounts, conversations, REHEARSAL_EVENTS, week } from "@daybook/rehearsal";
import { createLogger } from "@daybook/runtime";
import { rehearsalLive } from "../src/rehearsal.ts";

async function play() {
  const sink = new RecordingSink();
  const custodian = (name: string) => ({ id: `custodian-${name.length}`, name });
  const live = await rehearsalLive({
    pauseMs: 0,
    log: createLogger("test", "info", { stream: new PassThrough() }),
  });
  await live.connect(custodian).run(sink, new AbortController().signal);
  return sink.captured;
}

describe("the made-up week", () => {
  it("has on Signal what Signal's own connector reads in Signal's own bytes", async () => {
    const captured = await play();
    expect(captured).toHaveLength(REHEARSAL_EVENTS);
    const steps = week.filter(({ account }) => account === "adviserSignal");
    const onSignal = captured.filter(({ event }) => event.network === "signal");

    expect(onSignal.map(({ event }) => [event.kind, event.text])).toEqual(
      steps.map(({ kind, text }) => [kind, kind === "message" ? text : undefined]),
    );
    for (const { event: played, attachments = [] } of onSignal) {
      expect(played).toMatchObject({ account: accounts.adviserSignal.id, connector: { name: "signal" } });
      const refs = attachments.map(({ sessionKey: _, ...ref }) => ref);
      const whole = {
        ...played,
        capturedAt: "2026-03-09T00:00:00.000Z",
        ...(refs.length > 0 && { attachments: refs }),
      };
      expect(event.safeParse(whole).error).toBeUndefined();
    }
  });

  it("has it in its conversations, from both sides, with timers, answers and what was deleted", async () => {
    const onSignal = (await play()).map(({ event }) => event).filter(({ network }) => network === "signal");
    const ids = new Set(onSignal.flatMap(({ conversation }) => conversation?.id ?? []));
    const { ferry, aside } = conversations;
    expect(ids).toEqual(new Set([ferry.id, aside.id]));
    expect(new Set(onSignal.flatMap(({ conversation }) => conversation?.title ?? []))).toEqual(
      new Set([ferry.title, aside.title]),
    );
    const outgoing = onSignal.find(({ direction }) => direction === "outgoing")!;
    expect(outgoing).toMatchObject({ sender: { name: "Isla Brennan" }, expiresAfterSeconds: 604_800 });
    const names = new Set(onSignal.map(({ networkId }) => networkId));
    const references = onSignal.flatMap(({ target, replyTo, gap }) => [target, replyTo, gap?.about]);
    const named = references.filter((name) => name !== undefined);
    expect(named).toHaveLength(3);
    for (const name of named) expect(names).toContain(name);
  });
});
