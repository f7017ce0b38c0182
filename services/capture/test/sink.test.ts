import { readdirSync } from "node:fs";
import { type Captured, shardOf } from "@daybook/contract";
import { openStream, parseSessionKey } from "@daybook/openpgp";
import { scopeHash } from "../src/scope.ts";
import { once, SCOPE_KEY, setUp } from "./support/capture.ts";

const rig = setUp({ shards: 4 });
afterAll(rig.remove);
beforeEach(() => {
  rig.publisher.published.length = 0;
  rig.registry.rules = { version: 0, rules: [] };
});

const captured = (id: string, more: Partial<Captured["event"]> = {}): Captured => ({
  eventId: id,
  stableDigest: "0".repeat(64),
  event: {
    v: 1,
    kind: "message",
    network: "whatsapp",
    method: "export",
    provenance: "supplied",
    account: "a1",
    custodian: { id: "c1", name: "Ann" },
    conversation: { id: "k1", title: "Family", kind: "direct" },
    text: "hello",
    raw: "",
    connector: { name: "test", version: "1" },
    ...more,
  },
});

const hash = (conversation: string) => scopeHash(SCOPE_KEY, "whatsapp", conversation);

describe("the sink", () => {
  it("publishes each event to the partition of its account, stamped with the time of capture", async () => {
    const sink = await rig.newSink();
    await sink.capture([captured("1"), captured("2", { account: "another" })]);

    expect(rig.publisher.published.map((p) => [p.envelope.eventId, p.partition])).toEqual([
      ["1", shardOf("whatsapp", "a1", 4)],
      ["2", shardOf("whatsapp", "another", 4)],
    ]);
    expect(rig.publisher.published[0]!.envelope.event.capturedAt).toBe("2026-03-04T12:00:00.000Z");
  });

  it("captures nothing of a batch in which an event does not fit the schema, and says where, not what", async () => {
    const sink = await rig.newSink();
    const wrong = captured("2", { text: "secret words", localTime: "yesterday" });

    const failure = sink.capture([captured("1"), wrong]);
    await expect(failure).rejects.toMatchObject({
      code: "event-invalid",
      message: expect.stringContaining("localTime") as string,
    });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining("secret") as string });
    expect(rig.publisher.published).toEqual([]);
  });

  it.each(["lost", "kept"] as const)(
    "may be asked again when the stream's answer is missing: %s",
    async (fault) => {
      const sink = await rig.newSink();
      rig.publisher.faults.push(fault);
      await expect(sink.capture([captured("1")])).rejects.toMatchObject({ retryable: true });
      await sink.capture([captured("1")]);

      expect(rig.publisher.records).toHaveLength(1);
    },
  );

  it("makes text well-formed and leaves raw as it is", async () => {
    const sink = await rig.newSink();
    await sink.capture([captured("1", { text: "a\ud800b", raw: "AAEC" })]);

    expect(rig.publisher.published[0]!.envelope.event).toMatchObject({ text: "a\ufffdb", raw: "AAEC" });
  });

  it("stores nothing of what scope leaves out, and counts it in coverage", async () => {
    const sink = await rig.newSink();
    const conversation = scopeHash(SCOPE_KEY, "whatsapp", "Family");
    rig.registry.rules = {
      version: 1,
      rules: [{ id: "r1", effect: "exclude", network: "whatsapp", conversation }],
    };
    await sink.capture([
      captured("1"),
      captured("2", { conversation: { id: "k2", title: "Office", kind: "group" } }),
    ]);
    expect(rig.publisher.published.map((p) => p.envelope.eventId)).toEqual(["2"]);
    expect(sink.excluded).toBe(1);

    await sink.coverage(
      { network: "whatsapp", method: "export", account: "a1" },
      { from: "2026-03-04T11:00:00.000Z", to: "2026-03-04T12:00:00.000Z", state: "live" },
    );
    expect(rig.publisher.published.at(-1)!.envelope.event.coverage).toMatchObject({ excluded: 1 });
  });

  const coverage = (id: string, account: string): Captured =>
    captured(id, {
      kind: "coverage",
      account,
      conversation: undefined,
      text: undefined,
      coverage: { from: "2026-03-04T11:00:00.000Z", to: "2026-03-04T12:00:00.000Z", state: "live" },
    });

  it.each(["lost", "kept"] as const)(
    "counts what it left out in the account's own coverage, also when the answer to that was %s",
    async (fault) => {
      const sink = await rig.newSink();
      rig.registry.rules = { version: 1, rules: [{ id: "r1", effect: "exclude", conversation: hash("k1") }] };
      await sink.capture([captured("1"), captured("2")]);
      await sink.capture([coverage("other", "a2")]);
      rig.publisher.faults.push(fault);
      await expect(sink.capture([coverage("first", "a1")])).rejects.toMatchObject({ retryable: true });
      await sink.capture([coverage("first", "a1"), coverage("second", "a1")]);

      const told = rig.publisher.records.map(({ eventId, event }) => [eventId, event.coverage?.excluded]);
      expect(told).toEqual([
        ["other", undefined],
        ["first", 2],
        ["second", undefined],
      ]);
    },
  );

  it("takes what a link says of itself where rules list conversations, and nothing of an account left out", async () => {
    const sink = await rig.newSink();
    const lost = captured("2", {
      kind: "gap",
      conversation: undefined,
      text: undefined,
      gap: { why: "the queue was lost" },
    });
    rig.registry.rules = { version: 1, rules: [{ id: "r1", effect: "include", conversation: hash("k2") }] };
    await sink.capture([coverage("1", "a1"), lost, captured("3")]);
    expect(rig.publisher.published.map((p) => p.envelope.eventId)).toEqual(["1", "2"]);

    rig.registry.rules = { version: 2, rules: [{ id: "r2", effect: "exclude", account: "a1" }] };
    await sink.capture([coverage("4", "a1"), lost]);
    expect(rig.publisher.published).toHaveLength(2);
  });

  it("takes only what is listed where a rule lists, and follows the dates of rules", async () => {
    const sink = await rig.newSink();
    const rule = {
      id: "r1",
      effect: "include" as const,
      account: "a1",
      conversation: scopeHash(SCOPE_KEY, "whatsapp", "k2"),
    };
    rig.registry.rules = { version: 1, rules: [rule] };
    const listed = captured("2", { conversation: { id: "k2", title: "Office", kind: "group" } });
    await sink.capture([captured("1"), listed, captured("3", { account: "other" })]);
    rig.registry.rules = { version: 2, rules: [{ ...rule, to: "2026-03-04T12:00:00.000Z" }] };
    await sink.capture([captured("4")]);

    expect(rig.publisher.published.map((p) => p.envelope.eventId).sort()).toEqual(["2", "3", "4"]);
  });

  it("seals an attachment under a key of its own, locked for 30 days, and leaves nothing in the spool", async () => {
    const sink = await rig.newSink();
    const content = Buffer.alloc(300_000, "attachment content ");
    const [one, two] = [
      await sink.attach(once(content), { name: "a.txt", mediaType: "text/plain" }),
      await sink.attach(once(content), { name: "a.txt", mediaType: "text/plain" }),
    ];

    expect(one.sealed).not.toBe(two.sealed);
    expect(one.sizeBytes).toBe(content.length);
    const state = await rig.records.stat(`attachment/${one.sealed}`);
    expect(state!.retainUntil).toEqual(new Date("2026-04-03T12:00:00.000Z"));
    const opened: Buffer[] = [];
    for await (const part of openStream(
      rig.records.stream(`attachment/${one.sealed}`),
      parseSessionKey(one.sessionKey),
    )) {
      opened.push(Buffer.from(part));
    }
    expect(Buffer.concat(opened).equals(content)).toBe(true);
    expect(
      Buffer.from(await rig.records.get(`attachment/${one.sealed}`)).includes("attachment content"),
    ).toBe(false);
    expect(readdirSync(rig.dir)).toEqual([]);
  });

  it("refuses an attachment that is too large, and keeps nothing of it", async () => {
    const sink = await rig.newSink();
    await expect(
      sink.attach(once(Buffer.alloc(10_000_001)), { name: "x", mediaType: "x/y" }),
    ).rejects.toMatchObject({
      code: "too-large",
    });
    expect(readdirSync(rig.dir)).toEqual([]);
  });
});
