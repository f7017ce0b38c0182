import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { isClean, openMatter } from "../e2e/support/archive.ts";
import { Daybook } from "../e2e/support/daybook.ts";

jest.setTimeout(600_000);

const KILLS = 3;
const LINES = 40;
/** Searches that are under way at a time. */
const SEARCHING = 4;
/** A kill comes somewhere within this after the work has begun. */
const WITHIN_MS = 1_200;

interface Import {
  readonly ok: boolean;
  readonly made: Readonly<Record<string, number>>;
}
interface Row {
  readonly id: string;
  readonly q: string;
}

const daybook = new Daybook();
afterAll(() => daybook.remove());

/** Asks the server as its owner. @throws {Error} when it is refused, or the server dies */
async function ask<T>(path: string, body?: object): Promise<T> {
  const token = (await readFile(join(daybook.home, "run/token"), "utf8")).trim();
  const answer = await fetch(`${daybook.facts.url}/api/v1/${path}`, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as T;
}

async function listed<Entry>(path: string, name: string): Promise<Entry[]> {
  const found: Entry[] = [];
  let cursor = "";
  do {
    const page = await ask<{ next: string | null } & Record<string, unknown>>(`${path}?limit=100${cursor}`);
    found.push(...(page[name] as Entry[]));
    cursor = page.next === null ? "" : `&cursor=${encodeURIComponent(page.next)}`;
  } while (cursor !== "");
  return found;
}

/** Custodians with a post each, of one attempt. */
function fileOf(kill: number): string {
  const lines = Array.from({ length: LINES }, (_, n) => `Person ${kill}-${n},Post ${kill}-${n},2026-01-05`);
  return ["name,post,post_from", ...lines].join("\n");
}
const take = (kill: number) =>
  ask<Import>("registry/imports", { file: fileOf(kill), reason: "the staff list" });

it("has each saved search once and each line of an import once, or nothing of its file, however it is killed", async () => {
  await daybook.up();
  const matter = await openMatter(daybook, "Crashes");
  const answered = new Map<string, string>();
  let cutOff = 0;
  let n = 0;
  const searchUntilKilled = async () => {
    for (;;) {
      const q = `word${n}`;
      n += 1;
      try {
        const { id } = await ask<Row>(`matters/${matter}/searches`, { q });
        answered.set(id, q);
      } catch {
        cutOff += 1;
        return;
      }
    }
  };

  for (let kill = 0; kill < KILLS; kill += 1) {
    const work = [
      take(kill).catch(() => (cutOff += 1)),
      ...Array.from({ length: SEARCHING }, () => searchUntilKilled()),
    ];
    await sleep(randomInt(WITHIN_MS));
    await daybook.stop("SIGKILL");
    await Promise.all(work);
    await daybook.up();
    const names = (await listed<{ name: string }>("custodians", "custodians")).map(({ name }) => name);
    expect([0, LINES]).toContain(names.filter((name) => name.startsWith(`Person ${kill}-`)).length);
    // Repeated, it makes all of what is not there, and then nothing.
    const repeated = await take(kill);
    expect(repeated.ok).toBe(true);
    expect([undefined, LINES]).toContain(repeated.made["custodian.add"]);
    expect(await take(kill)).toMatchObject({ ok: true, made: {} });
  }
  expect(cutOff).toBeGreaterThan(0);

  const registry = async () => {
    const custodians = (await listed<{ name: string }>("custodians", "custodians")).map(({ name }) => name);
    const posts = await listed<{ id: string; title: string }>("posts", "posts");
    const holders: string[] = [];
    for (const { id, title } of posts) {
      const { holdings } = await ask<{ holdings: { custodian: { name: string } }[] }>(`posts/${id}`);
      holders.push(...holdings.map(({ custodian }) => `${title}: ${custodian.name}`));
    }
    return {
      custodians: custodians.toSorted(),
      posts: posts.map(({ title }) => title).toSorted(),
      holders: holders.toSorted(),
    };
  };
  const each = (name: (at: string) => string) =>
    Array.from({ length: KILLS * LINES }, (_, i) => name(`${Math.floor(i / LINES)}-${i % LINES}`)).toSorted();
  expect(await registry()).toEqual({
    custodians: each((at) => `Person ${at}`),
    posts: each((at) => `Post ${at}`),
    holders: each((at) => `Post ${at}: Person ${at}`),
  });

  // A statement brings in every search whose event is durable, before it names them.
  const searches = async () => {
    await ask(`matters/${matter}/statement`);
    const rows = await listed<Row>(`matters/${matter}/searches`, "searches");
    return rows.map(({ id, q }) => ({ id, q })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };
  const rows = await searches();
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(new Set(rows.map(({ q }) => q)).size).toBe(rows.length);
  const byId = new Map(rows.map(({ id, q }) => [id, q]));
  for (const [id, q] of answered) expect(byId.get(id)).toBe(q);

  const before = { registry: await registry(), searches: rows };
  await daybook.json(["rebuild"]);
  expect({ registry: await registry(), searches: await searches() }).toEqual(before);
  expect(await isClean(daybook)).toBe(true);
});
