import type { ApiClient } from "@daybook/runtime";
import { PROJECTIONS } from "../src/schema.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";
import { sayOverTime } from "./support/over-time-acts.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

suite("a change", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { segmentRecords: 3 });
    running = await home.start();
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const resolve = (name: string) =>
    running.as(INTERNAL_TOKEN).call("post", "/internal/v1/custodians/resolve", {
      body: { name, create: true, actor: "test" },
    }) as Promise<{
      id: string;
    }>;
  const custodians = async () =>
    (
      (await running.owner.call("get", "/api/v1/custodians")) as { custodians: { name: string }[] }
    ).custodians.map(({ name }) => name);
  /** Every projection, whole, in an order of its own. */
  const projections = async () => {
    const tables: Record<string, unknown> = {};
    for (const table of PROJECTIONS) {
      tables[table] = await home.sql(`SELECT t::text FROM records.${table} t ORDER BY 1`);
    }
    return tables;
  };
  const restart = async () => {
    await running.stop();
    running = await home.start();
  };

  it("is not committed while its audit event is not durable", async () => {
    let seen: number | undefined;
    home.stream.before = async () => {
      seen = (await home.sql("SELECT FROM records.custodian")).length;
    };
    await resolve("First");
    expect(seen).toBe(0);
  });

  it("is refused, and not made, when the event is lost", async () => {
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(resolve("Lost")).rejects.toMatchObject({ status: 503, code: "unavailable" });
    expect(await custodians()).toEqual([]);
    await resolve("Next");
    expect(await custodians()).toEqual(["Next"]);
  });

  it("is made once when only an answer of the stream is lost", async () => {
    home.stream.faults.push("kept", "lost", "kept");
    await resolve("Kept");
    expect(await custodians()).toEqual(["Kept"]);
    await restart();
    expect(await custodians()).toEqual(["Kept"]);
  });

  it("is made before the next one when the event is durable and no answer ever came", async () => {
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(resolve("Durable")).rejects.toMatchObject({ code: "unavailable" });
    await resolve("After");
    expect((await custodians()).sort()).toEqual(["After", "Durable"]);
    await resolve("Durable");
    expect(await custodians()).toHaveLength(2);
  });

  it("is made at the next start when the process died between event and commit", async () => {
    home.stream.after = async () => {
      // The connection dies with the transaction open, as in a crash of either side.
      await home.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-records' AND state LIKE 'idle in transaction%'",
      );
    };
    await expect(resolve("Crash")).rejects.toMatchObject({ code: "unavailable" });
    home.stream.after = undefined;
    expect(await home.sql("SELECT FROM records.custodian")).toHaveLength(0);
    await restart();
    expect(await custodians()).toEqual(["Crash"]);
  });

  it("is not made twice when the commit happened and its answer was lost", async () => {
    await resolve("Committed");
    // What a lost answer leaves: rows and change are there, and the log has yet to be read past them.
    await restart();
    await restart();
    expect(await custodians()).toEqual(["Committed"]);
    expect(await home.sql("SELECT FROM records.change")).toHaveLength(0);
  });

  it("moves and ends an account's link only with a durable event, and once", async () => {
    const { id: ada } = await resolve("Ada");
    await resolve("Ben");
    const { id } = (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/accounts/resolve", {
      body: { custodian: ada, network: "sms", method: "carrier", identifier: "+44", actor: "test" },
    })) as { id: string };
    home.time += 1_000;
    const links = () => home.sql("SELECT valid::text, custodian FROM records.account_link ORDER BY valid");
    const before = await links();
    let seen: unknown;
    home.stream.before = async () => {
      seen = await links();
    };
    const move = (custodian: string) =>
      running.owner.call("post", "/api/v1/accounts/:id/move", {
        params: { id },
        body: { custodian, reason: "moved" },
      });
    const end = () =>
      running.owner.call("post", "/api/v1/accounts/:id/end", { params: { id }, body: { reason: "left" } });
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(move("Ben")).rejects.toMatchObject({ code: "unavailable" });
    expect(await links()).toEqual(before);
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(move("Ben")).rejects.toMatchObject({ code: "unavailable" });
    expect(seen).toEqual(before);
    home.time += 1_000;
    home.stream.faults.push("kept", "lost", "kept");
    expect(await end()).toMatchObject({ to: new Date(home.time).toISOString() });
    const after = await links();
    expect(after).toHaveLength(2);
    await restart();
    expect(await links()).toEqual(after);
  });

  it("gives the same tables, byte for byte, when they are made again from the log", async () => {
    await script(running.owner);
    await restart();
    const before = await projections();
    expect(Object.values(before).filter((rows) => (rows as unknown[]).length > 0).length).toBeGreaterThan(14);
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    expect(await projections()).toEqual(before);
  });

  it("gives the same tables when they are rebuilt while the service runs", async () => {
    await script(running.owner);
    await restart();
    const before = await projections();
    const { body } = await running.owner.download("/api/v1/rebuild", { method: "post" });
    const lines: string[] = [];
    for await (const chunk of body) lines.push(String(chunk));
    expect(lines.join("").trim().split("\n").at(-1)).toContain('"ok":true');
    expect(await projections()).toEqual(before);
  });

  it("says nothing of posts and devices that is not durable, and all of what is, once", async () => {
    const { owner } = running;
    await resolve("Ada");
    const post = (await owner.call("post", "/api/v1/posts", {
      body: { title: "Post", reason: "made" },
    })) as { id: string };
    const hold = () =>
      owner.call("post", "/api/v1/posts/:id/holdings", {
        params: { id: post.id },
        body: { custodian: "Ada", from: "2026-01-01", reason: "appointed" },
      }) as Promise<{ holding: string }>;
    const rows = () => home.sql("SELECT valid::text, kind FROM records.holding");
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(hold()).rejects.toMatchObject({ code: "unavailable" });
    expect(await rows()).toEqual([]);
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(hold()).rejects.toMatchObject({ code: "unavailable" });
    await expect(hold()).rejects.toMatchObject({ code: "conflict" });
    expect(await rows()).toHaveLength(1);
    home.stream.faults.push("kept", "lost", "kept");
    const [[id]] = (await home.sql("SELECT id FROM records.holding")) as [[string]];
    await owner.call("post", "/api/v1/holdings/:id/end", {
      params: { id },
      body: { to: "2026-02-01", reason: "left" },
    });
    const after = await rows();
    await restart();
    expect(await rows()).toEqual(after);
    expect(after).toEqual([['["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")', "substantive"]]);
  });

  async function script(owner: ApiClient) {
    const reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const { id: custodian } = await resolve("Ada Custodian");
    const account = (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/accounts/resolve", {
      body: { custodian, network: "sms", method: "carrier", identifier: "+441632960001", actor: "test" },
    })) as { id: string };
    const { id: next } = await resolve("Ben Custodian");
    home.time += 1_000;
    await owner.call("post", "/api/v1/accounts/:id/move", {
      params: { id: account.id },
      body: { custodian: next, reason: "took over the post" },
    });
    await owner.call("post", "/api/v1/accounts/:id/end", {
      params: { id: account.id },
      body: { to: "2027-01-01", reason: "the number is given back" },
    });
    const matter = (await owner.call("post", "/api/v1/matters", {
      body: { title: "A matter", kind: "foi" },
    })) as { id: string };
    const other = (await owner.call("post", "/api/v1/matters", {
      body: { title: "Another", kind: "sar", due: "2026-05-01" },
    })) as { id: string };
    await owner.call("post", "/api/v1/matters/:id/close", { params: { id: other.id } });
    const rule = (await owner.call("post", "/api/v1/scope", {
      body: { effect: "exclude", network: "sms", reason: "agreed" },
    })) as { id: string };
    await owner.call("post", "/api/v1/scope/:id/end", {
      params: { id: rule.id },
      body: { reason: "no more" },
    });
    await home.capture(
      { text: "one" },
      { text: "two", conversation: { id: "c2", title: "Two", kind: "direct" } },
    );
    await owner.call("get", "/api/v1/search", { query: { q: "one", matter: matter.id } });
    const hold = (await owner.call("post", "/api/v1/holds", {
      body: { matter: matter.id, reason: "inquiry", custodian: "Ada Custodian", from: "2026-01-01" },
    })) as { id: string };
    await owner.call("post", "/api/v1/holds/:id/release", {
      params: { id: hold.id },
      body: { reason: "over" },
    });
    await reviewer.call("post", "/api/v1/holds/:id/release/approve", { params: { id: hold.id } });
    const disposal = (await owner.call("post", "/api/v1/disposals", {
      body: { conversation: "Two", reason: "due", authority: "schedule 1" },
    })) as { id: string; digest: string };
    await reviewer.call("post", "/api/v1/disposals/:id/approve", {
      params: { id: disposal.id },
      body: { digest: disposal.digest },
    });
    await owner.call("post", "/api/v1/disposals/:id/execute", { params: { id: disposal.id } });
    await sayOverTime(owner, custodian);
    const token = (await owner.call("post", "/api/v1/tokens", {
      body: { name: "Gone", roles: ["auditor"] },
    })) as { id: string };
    await owner.call("post", "/api/v1/tokens/:id/revoke", { params: { id: token.id } });
  }
});
