import { createDeployment, type Deployment, messageOf, type Running } from "./support/deployment.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

suite("searching and reading", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    const opened = (await running.owner.call("post", "/api/v1/matters", {
      body: { title: "Harbour inquiry", kind: "inquiry" },
    })) as { id: string };
    matter = opened.id;
    await home.capture(
      { text: "the ferry contract is signed", sentAt: "2026-03-04T10:00:00.000Z" },
      {
        text: "contract ferry",
        sentAt: "2026-03-05T10:00:00.000Z",
        sender: { id: "p-2", name: "Ada Writer" },
      },
      { text: "一起去看海港工程", sentAt: "2026-03-06T10:00:00.000Z" },
    );
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const search = async (q: string, more: Record<string, string | string[]> = {}) =>
    (await running.owner.call("get", "/api/v1/search", { query: { q, matter, ...more } })) as {
      total: number;
      totalIsExact: boolean;
      results: { id: string; text: string; sender: string; at: string; kind: string }[];
      next: string | null;
    };

  it("finds words, newest first, with what the record says", async () => {
    const found = await search("ferry");
    expect(found).toMatchObject({ total: 2, totalIsExact: true, next: null });
    expect(found.results.map((r) => [r.text, r.sender, r.at])).toEqual([
      ["contract ferry", "Ada Writer", "2026-03-05T10:00:00.000Z"],
      ["the ferry contract is signed", "Grace Sender", "2026-03-04T10:00:00.000Z"],
    ]);
  });

  it("confirms phrases by the records themselves", async () => {
    expect((await search('"ferry contract"')).results.map((r) => r.text)).toEqual([
      "the ferry contract is signed",
    ]);
    expect((await search("海港工程")).results).toHaveLength(1);
    expect((await search("contr*")).results).toHaveLength(2);
  });

  it("takes whole days, both inclusive, and a cursor for the next page", async () => {
    expect((await search("", { from: "2026-03-04", to: "2026-03-05" })).total).toBe(2);
    const first = await search("", { limit: "2" });
    const second = await search("", { limit: "2", cursor: first.next! });
    expect([...first.results, ...second.results]).toHaveLength(3);
    expect(second.next).toBeNull();
  });

  const audits = async () => {
    const { results } = await search("", { kind: "audit" });
    const opened: { action: string; matter: string; detail: Record<string, unknown> }[] = [];
    for (const { id } of results) {
      const answer = (await running.owner.call("get", "/api/v1/records/:id", {
        params: { id },
        query: { matter },
      })) as { record: { audit: (typeof opened)[number] } };
      opened.push(answer.record.audit);
    }
    return opened;
  };
  const archive = () => home.archiver.archived("audit", home.stream.messages("daybook.audit", 0).length);

  it("records each search, with its words, its matter and what it found, where search does not find it", async () => {
    await search("signed");
    await archive();
    const said = (await audits()).filter(
      ({ action, detail }) => action === "search" && detail["words"] === "signed",
    );
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ matter, detail: { total: 1, totalIsExact: true } });
    expect(await search("signed")).toMatchObject({ total: 1 });
    expect((await search("signed", { kind: "audit" })).total).toBe(0);
  });

  it("gives no answer when what was asked cannot be recorded", async () => {
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(search("ferry")).rejects.toMatchObject({ status: 503, code: "unavailable" });
    const { results } = await search("ferry");
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(
      running.owner.call("get", "/api/v1/records/:id", { params: { id: results[0]!.id }, query: { matter } }),
    ).rejects.toMatchObject({ status: 503 });
  });

  it("shows audit records to auditors only", async () => {
    const officer = await running.person("Olga Officer", ["records-officer"]);
    const query = { q: "", matter, kind: "audit" };
    await expect(officer.call("get", "/api/v1/search", { query })).rejects.toMatchObject({ status: 403 });
    await archive();
    const { results } = await search("", { kind: "audit" });
    await expect(
      officer.call("get", "/api/v1/records/:id", { params: { id: results[0]!.id }, query: { matter } }),
    ).rejects.toMatchObject({ status: 403 });
  });

  it("shows a gap with its reason, and the wall clock of a source that has no zone", async () => {
    await home.capture(
      {
        kind: "gap",
        text: undefined,
        gap: { why: "the link was down" },
        conversation: { id: "g", title: "Gaps", kind: "group" },
      },
      { text: "quayside", sentAt: undefined, localTime: "2026-03-07T09:30:00" },
    );
    expect((await search("", { conversation: "Gaps" })).results).toEqual([
      expect.objectContaining({ kind: "gap", text: "the link was down" }),
    ]);
    expect((await search("quayside")).results[0]).toMatchObject({ at: "2026-03-07T09:30:00" });
  });

  it("narrows by custodian, by name or id, and by network, account, sender and conversation", async () => {
    const custodian = (await running.owner.call("post", "/api/v1/custodians", {
      body: { name: "Cy Custodian" },
    })) as {
      id: string;
    };
    await home.capture({
      text: "lighthouse",
      network: "sms",
      account: "acct-9",
      custodian: { id: custodian.id, name: "Cy Custodian" },
      // As carriers name people.
      sender: { id: "+441632960009", name: "" },
      conversation: { id: "conv-9", title: "Lighthouse", kind: "direct" },
    });
    const filters = [
      { custodian: "cy custodian" },
      { custodian: custodian.id },
      { network: "sms" },
      { network: ["sms", "signal"] },
      { account: "acct-9" },
      { sender: "+441632960009" },
      { conversation: "conv-9" },
      { conversation: "Lighthouse" },
    ];
    for (const filter of filters)
      expect((await search("", filter)).results).toMatchObject([
        { text: "lighthouse", sender: "+441632960009" },
      ]);
    await expect(search("", { custodian: "nobody" })).rejects.toMatchObject({ code: "no-such-custodian" });
  });

  it("refuses what cannot be a search, by code", async () => {
    for (const [query, code] of [
      [{ q: '"open' }, "bad-query"],
      [{ from: "2026-02-31" }, "bad-filter"],
      [{ cursor: "xxxx" }, "bad-cursor"],
      [{ limit: "0" }, "invalid-request"],
      [{ kind: "novel" }, "invalid-request"],
      [{ other: "1" }, "invalid-request"],
    ] as const) {
      await expect(search("", query)).rejects.toMatchObject({ status: 400, code });
    }
  });

  it("gives a record whole with its place, and its attachment byte for byte", async () => {
    const { ref, key } = await home.attach("the plan of the pier", "../pläne.txt");
    await home.captureAll(
      [
        {
          eventId: "a1",
          stableDigest: "0".repeat(64),
          event: messageOf({ text: "pierplan", attachments: [ref] }),
        },
      ],
      () => [key],
    );
    const { results } = await search("pierplan");
    const { id } = results[0]!;
    const { record, shard, index } = (await running.owner.call("get", "/api/v1/records/:id", {
      params: { id },
      query: { matter },
    })) as { record: { id: string; text: string }; shard: string; index: number };
    expect(record).toMatchObject({ id, text: "pierplan" });
    const proof = await running.owner.call("get", "/api/v1/log/prove/:id", { params: { id } });
    expect(proof).toMatchObject({ shard, index });
    const answer = await fetch(`${running.url}/api/v1/records/${id}/attachments/0?matter=${matter}`, {
      headers: { authorization: `Bearer ${home.ownerToken!}` },
    });
    expect(await answer.text()).toBe("the plan of the pier");
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("content-disposition")).toBe(
      "attachment; filename*=UTF-8''..%2Fpl%C3%A4ne.txt",
    );
    await archive();
    expect((await audits()).map(({ action }) => action)).toEqual(
      expect.arrayContaining(["record.view", "attachment.view"]),
    );
  });

  it("breaks off an attachment that is not the one its record names", async () => {
    const { ref, key } = await home.attach("true content", "a.txt");
    await home.captureAll(
      [
        {
          eventId: "a2",
          stableDigest: "0".repeat(64),
          event: messageOf({ text: "swapped", attachments: [{ ...ref, sha256: "0".repeat(64) }] }),
        },
      ],
      () => [key],
    );
    const { results } = await search("swapped");
    const download = async () => {
      const answer = await fetch(
        `${running.url}/api/v1/records/${results[0]!.id}/attachments/0?matter=${matter}`,
        {
          headers: { authorization: `Bearer ${home.ownerToken!}` },
        },
      );
      return answer.text();
    };
    await expect(download()).rejects.toThrow();
  });

  it("says nothing of what was searched or found in logs and tables", async () => {
    let all = home.logged.join("");
    for (const [table] of (await home.sql(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'records'",
    )) as string[][]) {
      all += JSON.stringify(await home.sql(`SELECT row_to_json(t)::text FROM records.${table!} t`));
    }
    for (const secret of [
      "ferry",
      "is signed",
      "Harbour",
      "pierplan",
      "Custodian",
      "1632960009",
      home.ownerToken!,
    ]) {
      expect(all).not.toContain(secret);
    }
  });
});
