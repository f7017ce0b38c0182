import type { Event } from "@daybook/contract";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { z } from "zod";
import type { Entry, threadAnswer } from "../../src/conversations/entry.ts";
import { createDeployment, type Deployment, type Running } from "../support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

type Thread = z.infer<typeof threadAnswer>;

suite("a conversation's thread", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    const body = { title: "Harbour inquiry", kind: "inquiry" };
    ({ id: matter } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string });
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  let made = 0;
  /** Captures events in a new conversation and gives its number. */
  async function conversation(...events: readonly Partial<Event>[]): Promise<string> {
    made += 1;
    const of = { id: `conv-${made}`, title: `Made ${made}`, kind: "group" as const };
    await home.capture(...events.map((event) => ({ conversation: of, account: `acct-${made}`, ...event })));
    const { conversations } = (await running.owner.call("get", "/api/v1/conversations", {
      query: { matter, limit: 200 },
    })) as { conversations: { id: string; key: string }[] };
    return conversations.find(({ id }) => id === of.id)!.key;
  }
  const thread = async (key: string, query: Record<string, string> = {}): Promise<Thread> =>
    (await running.owner.call("get", "/api/v1/conversations/:key/thread", {
      params: { key },
      query: { matter, ...query },
    })) as Thread;
  const at = (time: string, day = "04") => ({ sentAt: `2026-03-${day}T${time}:00.000Z` });
  const texts = (entries: readonly { text: string | null }[]) => entries.map(({ text }) => text);

  it("shows each message with its versions, what was deleted and kept, reactions and receipts", async () => {
    const key = await conversation(
      { ...at("10:00"), networkId: "a", text: "sign it" },
      { ...at("10:05"), kind: "edit", networkId: "a2", target: "a", text: "sign it today" },
      { ...at("10:06", "05"), kind: "delete", target: "a", text: undefined },
      { ...at("10:07"), kind: "reaction", target: "a2", text: "👍", sender: { id: "p-2", name: "Ada" } },
      { ...at("10:08"), kind: "receipt", target: "a", text: "read", conversation: undefined },
      { ...at("11:00"), text: "done", replyTo: "a" },
      { ...at("11:01"), text: "which?", replyTo: "lost" },
    );
    const { entries, conversation: of, captures, older, newer } = await thread(key);
    expect(texts(entries)).toEqual(["sign it", "done", "which?"]);
    const [first, reply, lost] = entries as [Entry, Entry, Entry];
    expect(texts(first.edits)).toEqual(["sign it today"]);
    expect(first.deletions).toMatchObject([{ kind: "delete", at: at("10:06", "05").sentAt }]);
    expect(first.reactions).toMatchObject([{ text: "👍", sender: { name: "Ada" } }]);
    expect(first.receipts).toMatchObject([{ text: "read" }]);
    expect(first.followUpsTotal).toBe(4);
    expect(reply.replyTo).toMatchObject({ quoted: { id: first.id, text: "sign it", sender: { id: "p-1" } } });
    expect(lost.replyTo).toEqual({ quoted: null });
    expect(of).toMatchObject({ title: expect.stringMatching(/^Made/) as string, kind: "group" });
    expect(captures).toMatchObject([{ network: "whatsapp", custodian: null }]);
    expect([older, newer]).toEqual([null, null]);
  });

  it("says what of it is in the matter's selection, what is about a message included", async () => {
    const key = await conversation(
      { ...at("10:00"), networkId: "s", text: "sign it" },
      { ...at("10:05"), kind: "edit", networkId: "s2", target: "s", text: "sign it today" },
      { ...at("11:00"), text: "done" },
    );
    const chosen = async () =>
      (await thread(key)).entries.map(({ selected, edits }) => [
        selected,
        ...edits.map((one) => one.selected),
      ]);
    expect(await chosen()).toEqual([[false, false], [false]]);
    const [first] = (await thread(key)).entries;
    const change = (path: string, ids: readonly string[]) =>
      running.owner.call("post", path, { params: { id: matter }, body: { ids } });
    await change("/api/v1/matters/:id/selection", [first!.id, first!.edits[0]!.id]);
    expect(await chosen()).toEqual([[true, true], [false]]);
    expect(
      await running.owner.call("get", "/api/v1/records/:id/about", {
        params: { id: first!.id },
        query: { matter },
      }),
    ).toMatchObject({ followUps: [{ selected: true }] });
    await change("/api/v1/matters/:id/selection/remove", [first!.id]);
    expect(await chosen()).toEqual([[false, true], [false]]);
  });

  it("says of each time whose clock it is of, and when a message was to disappear", async () => {
    const key = await conversation(
      { ...at("10:00"), expiresAfterSeconds: 60 },
      { sentAt: undefined, localTime: "2026-03-04T10:01:00" },
      { ...at("10:02"), expiresAfterSeconds: Number.MAX_SAFE_INTEGER },
      { ...at("10:03"), kind: "timer", text: "Disappearing messages: 1 week", expiresAfterSeconds: 604_800 },
      { sentAt: undefined, capturedAt: "2026-03-10T11:00:00.000Z" },
    );
    const { entries } = await thread(key);
    expect(entries.map((one) => [one.at, one.clock])).toEqual([
      ["2026-03-04T10:00:00.000Z", "network"],
      ["2026-03-04T10:01:00", "source"],
      ["2026-03-04T10:02:00.000Z", "network"],
      ["2026-03-04T10:03:00.000Z", "network"],
      ["2026-03-10T11:00:00.000Z", "capture"],
    ]);
    expect(entries.map(({ expiry }) => expiry)).toEqual([
      { afterSeconds: 60, at: "2026-03-04T10:01:00.000Z", passed: true },
      null,
      { afterSeconds: Number.MAX_SAFE_INTEGER, at: "9999-12-31T23:59:59.999Z", passed: false },
      null,
      null,
    ]);
  });

  it("puts gaps and coverage of the account where they meet the page, once each", async () => {
    const interval = (from: string, to: string) => ({ from: at(from).sentAt, to: at(to).sentAt });
    const key = await conversation(
      { ...at("10:00"), text: "before" },
      { ...at("12:00"), text: "after" },
      {
        conversation: undefined,
        kind: "coverage",
        coverage: { ...interval("09:00", "10:30"), state: "live" },
      },
      {
        conversation: undefined,
        kind: "gap",
        gap: { ...interval("10:30", "11:30"), why: "the link was down" },
      },
      { conversation: undefined, kind: "gap", gap: { ...interval("01:00", "02:00"), why: "long before" } },
      {
        conversation: undefined,
        kind: "gap",
        account: "x",
        gap: { ...interval("10:30", "11:30"), why: "another's" },
      },
      { ...at("11:00"), kind: "gap", text: undefined, gap: { why: "undecryptable" } },
    );
    const { entries } = await thread(key);
    expect(entries.map((one) => one.gap?.why ?? one.coverage?.state ?? one.text)).toEqual([
      "live",
      "before",
      "the link was down",
      "undecryptable",
      "after",
    ]);
    expect(entries.map((one) => one.conversationWide)).toEqual([false, true, false, true, true]);
  });

  it("opens at a record, also at one that stands with another, and goes on both ways", async () => {
    const hours = Array.from({ length: 9 }, (_, n) => `1${n}:00`);
    const key = await conversation(
      ...hours.map((hour, n) => ({ ...at(hour), text: `m${n}`, networkId: `m${n}` })),
      { ...at("19:30"), kind: "edit", networkId: "e", target: "m4", text: "m4, edited" },
      { ...at("19:31"), kind: "reaction", target: "e", text: "👍" },
    );
    const whole = await thread(key);
    const m4 = whole.entries[4]!;
    for (const id of [m4.id, m4.edits[0]!.id, m4.reactions[0]!.id]) {
      const { entries, found } = await thread(key, { around: id, limit: "3" });
      expect(texts(entries)).toEqual(["m3", "m4", "m5"]);
      expect(found).toBe(m4.id);
    }
    const page = await thread(key, { around: m4.id, limit: "3" });
    expect(texts((await thread(key, { before: page.older!, limit: "2" })).entries)).toEqual(["m1", "m2"]);
    expect(texts((await thread(key, { after: page.newer!, limit: "9" })).entries)).toEqual([
      "m6",
      "m7",
      "m8",
    ]);
    expect(await thread(key, { around: "2026-03-04T16:00:00Z", limit: "1" })).toMatchObject({ found: null });
    expect([whole.first, whole.last]).toEqual([at("10:00").sentAt, at("19:31").sentAt]);
  });

  it("marks other captures of the same, and shows one account's alone", async () => {
    const both = { ...at("10:00"), networkId: "t", text: "seen twice" };
    const key = await conversation(
      both,
      { ...both, account: "other", custodian: { id: "c-2", name: "Bo" } },
      { ...at("10:01"), kind: "delete", target: "t", account: "other" },
    );
    const { entries, captures } = await thread(key);
    expect(entries.map(({ twins, deletions }) => [twins.length, deletions.length])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(entries[0]!.twins[0]).toMatchObject({ id: entries[1]!.id, account: entries[1]!.account });
    const other = captures.find(({ identifier }) => identifier === "other")!;
    const alone = await thread(key, { account: other.account });
    expect(alone.entries.map(({ id }) => id)).toEqual([entries[1]!.id]);
    expect(alone.entries[0]).toMatchObject({ custodian: { name: "Bo", post: null }, deletions: [{}] });
  });

  it("shows the first of many receipts, and all of them in pages", async () => {
    const key = await conversation(
      { ...at("10:00"), networkId: "r" },
      ...Array.from({ length: 12 }, (_, n) => ({
        ...at(`11:${10 + n}`),
        kind: "receipt" as const,
        target: "r",
        text: `read ${n}`,
      })),
      { ...at("12:00"), kind: "edit", target: "r", text: "late" },
    );
    const [entry] = (await thread(key)).entries;
    expect(texts(entry!.receipts)).toEqual(["read 0", "read 1", "read 2", "read 3", "read 4"]);
    expect(texts(entry!.edits)).toEqual(["late"]);
    expect(entry!.followUpsTotal).toBe(13);
    const about = async (cursor?: string) =>
      (await running.owner.call("get", "/api/v1/records/:id/about", {
        params: { id: entry!.id },
        query: { matter, limit: 8, cursor },
      })) as { followUps: { text: string }[]; next: string | null };
    const first = await about();
    const second = await about(first.next!);
    expect([...first.followUps, ...second.followUps]).toHaveLength(13);
    expect(second.next).toBeNull();
  });

  it("carries what senders wrote as it is, and cuts only what no page can hold", async () => {
    const hostile = `<script>alert(1)</script>\u202e"'{{7*7}}\0`;
    const key = await conversation(
      { ...at("10:00"), text: hostile, sender: { id: hostile, name: hostile } },
      { ...at("10:01"), text: `${"x".repeat(19_999)}👍` },
    );
    const { entries } = await thread(key);
    expect(entries[0]).toMatchObject({
      text: hostile,
      sender: { id: hostile, name: hostile },
      textIsWhole: true,
    });
    expect(entries[1]).toMatchObject({ text: `${"x".repeat(19_999)}\ufffd`, textIsWhole: false });
  });

  it("marks what a search of the matter looks for, in versions too, and nothing of another matter's", async () => {
    const key = await conversation(
      { ...at("10:00"), networkId: "f", text: "👍 the ferry, no ferries" },
      { ...at("10:01"), kind: "edit", target: "f", text: "FERRY tomorrow" },
    );
    const owner = running.owner;
    const search = async (of: string) =>
      (await owner.call("post", "/api/v1/matters/:id/searches", {
        params: { id: of },
        body: { q: "ferry", filters: {} },
      })) as { id: string };
    const { entries } = await thread(key, { search: (await search(matter)).id });
    expect(entries[0]).toMatchObject({ marks: [[6, 11]], edits: [{ marks: [[0, 5]] }] });
    expect((await thread(key)).entries[0]).toMatchObject({ marks: [] });
    const body = { title: "Another", kind: "audit" };
    const { id } = (await owner.call("post", "/api/v1/matters", { body })) as { id: string };
    const other = (await search(id)).id;
    await expect(thread(key, { search: other })).rejects.toMatchObject({ status: 404 });
  });

  it("is as if it did not exist for what is no conversation, no record of it or no open matter", async () => {
    const key = await conversation({ ...at("10:00") });
    const elsewhere = await thread(await conversation({ ...at("10:00") }));
    for (const none of ["12", "-1", "9223372036854775808", "x", "%00", "1 OR 1=1"])
      await expect(thread(none)).rejects.toMatchObject({ status: 404, code: "not-found" });
    await expect(thread(key, { around: elsewhere.entries[0]!.id })).rejects.toMatchObject({ status: 404 });
    await expect(thread(key, { around: "yesterday" })).rejects.toMatchObject({
      status: 400,
      code: "bad-filter",
    });
    await expect(thread(key, { before: "x" })).rejects.toMatchObject({ status: 400, code: "bad-cursor" });
    const matters = running.owner;
    await expect(
      matters.call("get", "/api/v1/conversations", {
        query: { matter: "00000000-0000-4000-8000-000000000000" },
      }),
    ).rejects.toMatchObject({ status: 404, code: "no-such-matter" });
  });

  it("records what it showed before it answers, and does not answer otherwise", async () => {
    const key = await conversation(
      { ...at("10:00"), networkId: "v" },
      { ...at("10:01"), kind: "reaction", target: "v", text: "👍" },
    );
    const { entries } = await thread(key);
    const said = (await home.auditEvents()).filter(({ action }) => action === "conversation.view").at(-1);
    expect(said).toMatchObject({
      matter,
      subject: key,
      detail: { records: [entries[0]!.id], with: [entries[0]!.reactions[0]!.id] },
    });
    const lost = ["lost", "lost", "lost", "lost", "lost"] as const;
    home.stream.faults.push(...lost);
    await expect(thread(key)).rejects.toMatchObject({ status: 503 });
    home.stream.faults.push(...lost);
    await expect(
      running.owner.call("get", "/api/v1/conversations", { query: { matter } }),
    ).rejects.toMatchObject({ status: 503 });
    home.stream.faults.push("kept");
    expect((await thread(key)).entries).toHaveLength(1);
  });
});
