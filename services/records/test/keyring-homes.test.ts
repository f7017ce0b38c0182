import { ArchiveError } from "@daybook/archive-core";
import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { disposalActs } from "./support/disposal-acts.ts";

(hasPostgres ? describe : describe.skip)("the keyring's second home", () => {
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
    home = await createDeployment(postgres, { keyringCopy: true, segmentRecords: 3 });
    running = await home.start();
    officer = running.owner;
    reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const made = await officer.call("post", "/api/v1/matters", { body: { title: "M", kind: "inquiry" } });
    matter = (made as { id: string }).id;
    await home.capture(
      { text: "keep this harbour plan" },
      { text: "destroy this secretplan", conversation: { id: "c2", title: "Old chat", kind: "direct" } },
      ...Array.from({ length: 7 }, (_, i) => ({ text: `harbour number${i}` })),
    );
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const { disposeOf, fsck, search } = disposalActs(() => ({ officer, reviewer, matter }));
  const first = () => home.stores.keyring;
  const second = () => home.stores.keyringCopy!;
  const blocks = () => [...second().objects.keys()].filter((key) => key.startsWith("keyring/")).sort();
  const alarms = () => home.logged.filter((line) => line.includes("the keyring's first home lacks a block"));
  async function restore(): Promise<{ ok?: boolean; restored: number; lost: number; code?: string }> {
    const { body } = await officer.download("/api/v1/keys/restore", { method: "post" });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return JSON.parse(text.trim().split("\n").at(-1)!) as Awaited<ReturnType<typeof restore>>;
  }
  async function afterRestart(): Promise<void> {
    await running.stop();
    running = await home.start();
    officer = running.owner;
  }

  it("is read where a block is missing or damaged in the first, with one alarm, and nothing else is", async () => {
    expect(await search("harbour")).toHaveLength(8);
    expect(alarms()).toEqual([]);
    const [gone, damaged] = blocks();
    await first().remove(gone!);
    await first().put(damaged!, Buffer.from("not a block"));
    await afterRestart();

    const results = (await search("harbour")) as { id: string; text: string | null }[];
    expect(results.map(({ text }) => text)).not.toContain(null);
    expect(results).toHaveLength(8);
    expect(alarms()).toHaveLength(1);
    expect(alarms()[0]).toContain("daybook keys restore");
  });

  it("makes the first whole again, byte by byte, though it was lost altogether", async () => {
    const before = new Map([...first().objects].map(([key, { body }]) => [key, body] as const));
    first().objects.clear();
    await afterRestart();
    const audited = blocks().length;
    expect(await restore()).toMatchObject({ ok: true, lost: 0 });

    for (const [key, body] of before) expect(first().objects.get(key)?.body).toEqual(body);
    expect(first().objects.size).toBeGreaterThanOrEqual(audited);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
    expect(await restore()).toMatchObject({ ok: true, restored: 0, lost: 0 });
  });

  it.each(["lost", "kept"] as const)(
    "goes on after a write that was %s, and repeated does no more",
    async (fault) => {
      first().objects.clear();
      await afterRestart();
      let faults = 3;
      first().hook = ({ operation, key }, when) => {
        const now = when === (fault === "lost" ? "before" : "after");
        if (operation !== "replace" || !key.startsWith("keyring/0/") || !now || faults === 0) return;
        faults -= 1;
        throw new ArchiveError("store-unavailable", `injected: ${fault}`);
      };
      const { ok, lost } = await restore();
      expect({ ok, lost }).toEqual({ ok: true, lost: 0 });

      expect((await fsck()).at(-1)).toEqual({ ok: true });
      expect((await restore()).restored).toBe(0);
    },
  );

  it("goes on, after it was cut off, with what is not whole", async () => {
    first().objects.clear();
    await afterRestart();
    let written = 0;
    first().hook = ({ operation, key }, when) => {
      if (operation !== "replace" || when !== "before" || !key.startsWith("keyring/0/")) return;
      if ((written += 1) === 3) throw new Error("crash");
    };
    expect((await restore()).code).toBe("internal");
    first().hook = undefined;
    const has = () => [...first().objects.keys()].filter((key) => key.startsWith("keyring/0/")).length;
    expect(has()).toBe(2);
    expect(await restore()).toMatchObject({ ok: true, lost: 0 });

    expect(written).toBe(3);
    expect(has()).toBe(3);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("brings no key back of what was disposed of, though the second home still has it", async () => {
    const held = new Map([...second().objects].map(([key, { body }]) => [key, body] as const));
    await disposeOf({ conversation: "Old chat" });
    // As a second home does that was down, or put back from its own backup, which its administrators must not.
    for (const [key, body] of held) await second().put(key, body);
    first().objects.clear();
    await afterRestart();
    expect(await restore()).toMatchObject({ ok: true, lost: 0 });

    const problems = (await fsck()).flatMap(({ problems = [] }) => problems) as { problem: string }[];
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(
        /was disposed of but its session key is there in the second copy of the keyring$/,
      ),
    ]);
    expect(await search("destroy")).toEqual([]);
  });

  it("tells what neither home has", async () => {
    const [block] = blocks();
    for (const store of [first(), second()]) await store.remove(block!);

    expect(await restore()).toMatchObject({ ok: false, lost: 3 });
  });

  it("has nothing to restore from where there is none", async () => {
    const alone = await createDeployment(postgres);
    const one = await alone.start();
    await expect(one.owner.download("/api/v1/keys/restore", { method: "post" })).rejects.toMatchObject({
      code: "conflict",
    });
    await one.stop();
    await alone.close();
  });
});
