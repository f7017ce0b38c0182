import { parseSegmentName } from "@daybook/archive-core";
import type { ApiClient } from "@daybook/runtime";
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { createDeployment, type Deployment, messageOf, type Running } from "./support/deployment.ts";
import { disposalActs } from "./support/disposal-acts.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

suite("disposal", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let officer: ApiClient;
  let reviewer: ApiClient;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { keyringCopy: true });
    running = await home.start();
    officer = running.owner;
    reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    matter = (
      (await officer.call("post", "/api/v1/matters", { body: { title: "M", kind: "inquiry" } })) as {
        id: string;
      }
    ).id;
    await home.capture(
      { text: "keep this harbour plan" },
      { text: "destroy this secretplan", conversation: { id: "c2", title: "Old chat", kind: "direct" } },
      { text: "destroy that too", conversation: { id: "c2", title: "Old chat", kind: "direct" } },
    );
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const { search, propose, approve, execute, disposeOf, fsck, hold } = disposalActs(() => ({
    officer,
    reviewer,
    matter,
  }));

  it("makes records unreadable and unfindable, keeps their neighbours, and leaves the log provable", async () => {
    const doomed = await search("destroy");
    const done = await disposeOf({ conversation: "Old chat" });
    expect(done).toMatchObject({ state: "done", excluded: [], destroyed: doomed.map((r) => r.id).sort() });
    expect(await search("destroy")).toEqual([]);
    expect(await search("harbour")).toHaveLength(1);
    await expect(
      officer.call("get", "/api/v1/records/:id", { params: { id: doomed[0]!.id }, query: { matter } }),
    ).rejects.toMatchObject({ status: 404 });
    for (const { id } of doomed) {
      const proof = (await officer.call("get", "/api/v1/log/prove/:id", { params: { id } })) as {
        leaf: string;
      };
      expect(JSON.parse(proof.leaf)).toMatchObject({ id });
    }
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("first destroys key blocks that a writer left behind, and none that may yet commit", async () => {
    const { keyring } = home.stores;
    const [committed] = [...keyring.objects.keys()].filter((key) => key.startsWith("keyring/0/"));
    const { body } = keyring.objects.get(committed!)!;
    const orphan = `keyring/0/000000000000-${"a".repeat(64)}`;
    const inside = `keyring/0/000000000001-${committed!.slice(-64)}`;
    const coming = `keyring/0/000000000003-${"b".repeat(64)}`;
    for (const key of [orphan, inside, coming]) await keyring.put(key, body);
    await disposeOf({ conversation: "Old chat" });
    expect([...keyring.objects.keys()].filter((key) => key.startsWith("keyring/0/")).sort()).toEqual(
      [committed, coming].sort(),
    );
  });

  it("takes the lines out of both keyrings and no others", async () => {
    const { stores } = home;
    const before = [...stores.keyring.objects].map(([key, { body }]) => [key, body.length] as const);
    await disposeOf({ conversation: "Old chat" });
    for (const store of [stores.keyring, stores.keyringCopy!]) {
      const changed = before
        .filter(([key, size]) => store.objects.get(key)!.body.length < size)
        .map(([key]) => key);
      expect(changed.map((key) => parseSegmentName(key)!.shard)).toEqual(["0"]);
    }
  });

  it("checks both keyrings in fsck, and tells which lacks what", async () => {
    await disposeOf({ conversation: "Old chat" });
    expect((await fsck()).at(-1)).toEqual({ ok: true });
    const { keyringCopy } = home.stores;
    const [block] = [...keyringCopy!.objects.keys()].filter((key) => key.startsWith("keyring/0/"));
    await keyringCopy!.remove(block!);
    const [shard, , last] = await fsck();
    const told = expect.stringMatching(
      /^no session key for .* in the second copy of the keyring$/,
    ) as unknown;
    expect(shard?.problems).toContainEqual({ where: block, problem: told });
    expect(JSON.stringify(shard)).not.toContain("first copy");
    expect(last).toEqual({ ok: false });
  });

  it("reclaims what a disposal left on disk, soon after it and at the start", async () => {
    const settled = async () => {
      for (;;) {
        const [row] = await home.sql("SELECT number, reclaimed FROM catalogue.generation");
        if (row![0] === row![1]) return Number(row![0]);
        await setTimeout(20);
      }
    };
    await disposeOf({ conversation: "Old chat" });
    expect(await settled()).toBeGreaterThan(0);
    await running.stop();
    await home.sql("UPDATE catalogue.generation SET number = number + 1");
    running = await home.start();
    await settled();
  });

  it("counts a backup's days from when rows are reclaimed at the latest", async () => {
    await running.stop();
    running = await home.start({
      keptElsewhere: { streamDays: 7, keyringSnapshotDays: 30, databaseBackupDays: 30 },
    });
    officer = running.owner;
    reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const done = await disposeOf({ conversation: "Old chat" });
    expect(done.unreadableFrom).toBe(new Date(home.time + 31 * 86_400_000).toISOString());
  });

  it("certifies what was destroyed, by whom and why, in a record that is found and proved", async () => {
    const done = await disposeOf({ conversation: "Old chat" });
    const { record } = (await officer.call("get", "/api/v1/records/:id", {
      params: { id: done.certificate },
      query: { matter },
    })) as { record: { audit: { action: string; detail: Record<string, unknown> } } };
    expect(record.audit.action).toBe("disposal.certify");
    const proposer = (await officer.call("get", "/api/v1/self")) as { id: string };
    const approver = (await reviewer.call("get", "/api/v1/self")) as { id: string };
    expect(record.audit.detail).toMatchObject({
      proposedBy: proposer.id,
      approvedBy: approver.id,
      reason: "retention is over",
      authority: "schedule 4",
      digest: done.digest,
      unreadableFrom: new Date(home.time + 35 * 86_400_000).toISOString(),
      bytesGoneFrom: new Date(home.time + 400 * 86_400_000).toISOString(),
    });
    expect(done.digest).toBe(
      createHash("sha256")
        .update(done.ids.map((id) => `${id}\n`).join(""))
        .digest("hex"),
    );
    for (const [id, leaf] of record.audit.detail["records"] as [string, string][]) {
      const proof = (await officer.call("get", "/api/v1/log/prove/:id", { params: { id } })) as {
        leaf: string;
      };
      expect(leaf).toBe(
        createHash("sha256")
          .update(Buffer.concat([Buffer.of(0), Buffer.from(proof.leaf)]))
          .digest("hex"),
      );
    }
  });

  it("is approved by another person, whatever tokens the first one holds", async () => {
    const proposed = await propose({ conversation: "Old chat" });
    const again = (await officer.call("post", "/api/v1/tokens", {
      body: { name: "local OWNER", roles: ["reviewer"] },
    })) as { token: string };
    await expect(approve(proposed, running.as(again.token))).rejects.toMatchObject({ code: "same-person" });
    const machine = (await officer.call("post", "/api/v1/tokens", {
      body: { name: "a job", kind: "machine", roles: ["reviewer"] },
    })) as { token: string };
    await expect(approve(proposed, running.as(machine.token))).rejects.toMatchObject({
      code: "not-a-person",
    });
    await expect(execute(proposed)).rejects.toMatchObject({ code: "conflict" });
    await expect(approve({ ...proposed, digest: "0".repeat(64) })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(approve(proposed, officer)).rejects.toMatchObject({ status: 403 });
  });

  it("judges holds when it destroys, not when it was approved", async () => {
    const proposed = await propose({ conversation: "Old chat" });
    await approve(proposed);
    const [held, other] = await search("destroy");
    await hold({ ids: [held!.id] });
    const done = await execute(proposed);
    expect(done.excluded).toEqual([{ id: held!.id, why: "held" }]);
    expect(done.destroyed).toEqual([other!.id]);
    expect(await search("destroy")).toEqual([expect.objectContaining({ id: held!.id })]);
  });

  it("keeps what any of two holds covers until both are released by two people", async () => {
    const first = await hold({ conversation: "Old chat" });
    const second = await hold({ network: "whatsapp", from: "2026-03-04", to: "2026-03-04" });
    const release = async ({ id }: { id: string }) => {
      await officer.call("post", "/api/v1/holds/:id/release", { params: { id }, body: { reason: "over" } });
      await expect(
        officer.call("post", "/api/v1/holds/:id/release/approve", { params: { id } }),
      ).rejects.toMatchObject({ status: 403 });
      await reviewer.call("post", "/api/v1/holds/:id/release/approve", { params: { id } });
    };
    expect(await officer.call("get", "/api/v1/holds/:id", { params: { id: second.id } })).toMatchObject({
      covers: 3,
    });
    await release(first);
    expect((await disposeOf({ conversation: "Old chat" })).destroyed).toEqual([]);
    await release(second);
    expect((await disposeOf({ conversation: "Old chat" })).destroyed).toHaveLength(2);
  });

  it("never destroys what says what Daybook saw", async () => {
    await home.capture({ kind: "gap", gap: { why: "the link was down" } });
    const [gap] = await search("", { kind: "gap" });
    const done = await disposeOf({ ids: [gap!.id] });
    expect(done.excluded).toEqual([{ id: gap!.id, why: "never-disposed" }]);
  });

  describe("of a line of an imported file", () => {
    const source = (line: number, sha256: string) => ({ source: { sha256, line, offsetBytes: 0 } });
    let sha256: string;
    let ids: { id: string }[];

    beforeEach(async () => {
      const { ref, key } = await home.attach("the whole exported chat", "chat.txt");
      ({ sha256 } = ref);
      const captured = [
        messageOf({ kind: "notice", text: "Imported file", attachments: [ref], ...source(1, sha256) }),
        messageOf({
          text: "importedline one",
          ...source(1, sha256),
          conversation: { id: "c3", title: "Chat", kind: "group" },
        }),
        messageOf({
          text: "importedline two",
          ...source(2, sha256),
          conversation: { id: "c3", title: "Chat", kind: "group" },
        }),
      ];
      await home.captureAll(
        captured.map((event, i) => ({ eventId: `e${i}`, stableDigest: "0".repeat(64), event })),
        ({ event }) => (event.kind === "notice" ? [key] : []),
      );
      ids = await search("importedline");
    });

    const fileOf = async () => {
      const [notice] = await search("imported");
      const { body } = await officer.download("/api/v1/records/:id/attachments/:n", {
        params: { id: notice!.id, n: "0" },
        query: { matter },
      });
      let text = "";
      for await (const chunk of body) text += String(chunk);
      return text;
    };

    it("destroys the file's key too, and says so", async () => {
      expect(await fileOf()).toBe("the whole exported chat");
      const [notice] = await search("imported");
      const done = await disposeOf({ ids: [ids[0]!.id] });
      expect(done).toMatchObject({ destroyed: [ids[0]!.id], files: [notice!.id] });
      await expect(fileOf()).rejects.toMatchObject({ status: 410, code: "disposed" });
      expect(await search("importedline")).toHaveLength(1);
    });

    it("stays while a hold covers another line of the file, which holds both", async () => {
      await hold({ ids: [ids[1]!.id] });
      expect(await disposeOf({ ids: [ids[0]!.id] })).toMatchObject({
        destroyed: [],
        excluded: [{ id: ids[0]!.id, why: "file-held" }],
      });
      expect(await fileOf()).toBe("the whole exported chat");
    });
  });

  it("names the exports that may hold it", async () => {
    const export1 = "11111111-1111-4111-8111-111111111111";
    const { auditEnvelope, encodeEnvelope, TOPICS } = await import("@daybook/contract");
    const told = async (id: string, filters: Record<string, string>) => {
      home.time += 1_000;
      const envelope = auditEnvelope(
        {
          actor: "x",
          action: "export.start",
          matter,
          subject: id,
          detail: { name: "E", filters, formats: [], withSources: false },
        },
        { deployment: "test", at: new Date(home.time) },
      );
      await home.stream.send(TOPICS.audit, 0, [await home.seal(encodeEnvelope(envelope))]);
    };
    await told(export1, {
      words: "anything",
      conversation: "Old chat",
      from: "2026-03-04",
      to: "2026-03-04",
    });
    await told("22222222-2222-4222-8222-222222222222", { conversation: "Another" });
    await told("33333333-3333-4333-8333-333333333333", { network: "sms" });
    expect((await disposeOf({ conversation: "Old chat" })).exports).toEqual([export1]);
  });

  it("stays disposed when the catalogue is rebuilt", async () => {
    await disposeOf({ conversation: "Old chat" });
    const { body } = await officer.download("/api/v1/rebuild", { method: "post" });
    for await (const _ of body);
    expect(await search("destroy")).toEqual([]);
    expect(await search("harbour")).toHaveLength(1);
    expect((await officer.call("get", "/api/v1/status")) as object).toMatchObject({
      sample: false,
      parked: 0,
      shards: [{ shard: "0", size: 3, catalogued: 3, lag: 0 }, { shard: "audit" }],
    });
  });
});
