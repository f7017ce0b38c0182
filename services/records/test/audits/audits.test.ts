import { AUDIT_ACTIONS } from "@daybook/contract";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { ApiClient } from "@daybook/runtime";
import type { AuditEntry } from "../../src/audits/audits.ts";
import { factSchemas } from "../../src/facts.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("the audit log, for those who audit", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let officer: ApiClient;
  let auditor: ApiClient;
  const matters: string[] = [];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    officer = await running.person("Olga Officer", ["records-officer"]);
    auditor = await running.person("Ahmed Auditor", ["auditor"]);
    for (const title of ["Ferry contract", "Harbour works"]) {
      const { id } = (await officer.call("post", "/api/v1/matters", { body: { title, kind: "foi" } })) as {
        id: string;
      };
      matters.push(id);
    }
    for (const matter of matters)
      for (const q of ["one", "two", "three"]) {
        home.time += 3_600_000;
        await officer.call("get", "/api/v1/search", { query: { q, matter } });
      }
    await archive();
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const archive = () => home.archiver.archived("audit", home.stream.messages("daybook.audit", 0).length);
  const read = async (query: Record<string, string | number> = {}, as = auditor, path = "/api/v1/audit") =>
    (await as.call("get", path, { query })) as { entries: AuditEntry[]; next: string | null };
  const searched = ({ entries }: { entries: AuditEntry[] }) =>
    entries.map(({ detail }) => detail["words"]).filter((words) => words !== undefined);

  it("names who did what under which matter, the latest first", async () => {
    const { entries } = await read({ action: "search", limit: 2 });
    expect(entries).toMatchObject([
      {
        actor: { name: "Olga Officer", kind: "person" },
        action: "search",
        matter: { id: matters[1], title: "Harbour works" },
        detail: { words: "three" },
      },
      { detail: { words: "two" } },
    ]);
  });

  it("is narrowed by person, matter, subject and time, and goes on behind a cursor", async () => {
    expect(searched(await read({ person: "olga officer", matter: matters[0]! }))).toEqual([
      "three",
      "two",
      "one",
    ]);
    expect(searched(await read({ person: "Ahmed Auditor" }))).toEqual([]);
    expect((await read({ subject: matters[0]! })).entries).toMatchObject([{ action: "matter.open" }]);
    const [first] = (await read({ action: "search", matter: matters[1]! })).entries.slice(-1);
    expect(searched(await read({ action: "search", to: first!.at }))).toEqual(["one", "three", "two", "one"]);
    expect(searched(await read({ action: "search", from: first!.at }))).toEqual(["three", "two", "one"]);
    expect(searched(await read({ from: "2030-01-01" }))).toEqual([]);
    const seen: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: Awaited<ReturnType<typeof read>> = await read({
        action: "search",
        limit: 4,
        ...(cursor === "" ? {} : { cursor }),
      });
      seen.push(...searched(page));
      cursor = page.next;
    }
    expect(seen).toEqual(["three", "two", "one", "three", "two", "one"]);
  });

  it("is narrowed to one action, or to a group of them; and knows every action that a fact is of", async () => {
    const acts = async (action: string) =>
      new Set((await read({ action, limit: 100 })).entries.map((one) => (one as { action: string }).action));
    expect(await acts("matter.*")).toEqual(new Set(["matter.open"]));
    expect(await acts("search.*")).toEqual(new Set(["search"]));
    expect(await acts("sea.*")).toEqual(new Set());
    expect(await acts("matter")).toEqual(new Set());
    expect(Object.keys(factSchemas).filter((one) => !AUDIT_ACTIONS.some((known) => known === one))).toEqual(
      [],
    );
  });

  it("is on record itself, with what was asked and found, before the answer", async () => {
    const { entries } = await read({ action: "matter.open" });
    await archive();
    const [latest] = (await read({ action: "audit.view" })).entries;
    expect(latest).toMatchObject({
      actor: { name: "Ahmed Auditor" },
      detail: { filters: { action: "matter.open" }, results: entries.map(({ id }) => id) },
    });
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(read()).rejects.toMatchObject({ status: 503 });
  });

  it("shows a matter's own to those who read the matter, and nothing else of it", async () => {
    const path = `/api/v1/matters/${matters[0]!}/audit`;
    const { entries } = await read({ limit: 100 }, officer, path);
    expect(searched({ entries })).toEqual(["three", "two", "one"]);
    expect(new Set(entries.map(({ matter }) => matter?.id))).toEqual(new Set([matters[0]]));
    await officer.call("post", "/api/v1/matters/:id/close", { params: { id: matters[0]! } });
    expect((await read({ action: "search" }, officer, path)).entries).toHaveLength(3);
    await expect(
      read({}, officer, "/api/v1/matters/00000000-0000-4000-8000-000000000000/audit"),
    ).rejects.toMatchObject({ status: 404 });
    await expect(read({}, officer)).rejects.toMatchObject({ status: 403 });
  });

  it("refuses what cannot be asked", async () => {
    for (const [query, code] of [
      [{ cursor: "x" }, "bad-request"],
      [{ from: "2026-02-31" }, "bad-filter"],
      [{ matter: "x" }, "invalid-request"],
    ] as const)
      await expect(read(query)).rejects.toMatchObject({ status: 400, code });
  });

  describe("refusals", () => {
    const refused = async () => (await home.auditEvents()).filter(({ action }) => action === "refused");

    it("are on record before they are told", async () => {
      const before = (await refused()).length;
      await expect(read({}, officer)).rejects.toMatchObject({ status: 403 });
      await auditor.call("post", "/api/v1/self/refusals", { body: { action: "person.manage" } });
      await running
        .as(INTERNAL_TOKEN)
        .call("post", "/internal/v1/refusals", { body: { person: "somebody", action: "message.send" } });
      expect((await refused()).slice(before)).toMatchObject([
        { detail: { action: "audit.read" } },
        { detail: { action: "person.manage" } },
        { actor: "somebody", detail: { action: "message.send" } },
      ]);
      home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
      await expect(read({}, officer)).rejects.toMatchObject({ status: 503 });
      await expect(
        auditor.call("post", "/api/v1/self/refusals", { body: { action: "novel" } }),
      ).rejects.toMatchObject({ status: 400 });
    });

    it("are told of an audit record that a reader of other records asks for", async () => {
      const [entry] = (await read({ action: "search" })).entries;
      const before = (await refused()).length;
      await expect(
        officer.call("get", "/api/v1/records/:id", {
          params: { id: entry!.id },
          query: { matter: matters[1]! },
        }),
      ).rejects.toMatchObject({ status: 403 });
      expect((await refused()).length).toBe(before + 1);
    });
  });
});
