import { ArchiveError } from "@daybook/archive-core";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { type Disposed, disposalActs } from "./support/disposal-acts.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

suite("a disposal that is cut off by a crash", () => {
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

  const { search, propose, approve, execute, disposeOf, fsck } = disposalActs(() => ({
    officer,
    reviewer,
    matter,
  }));

  const crashAt = (operation: "replace" | "read", nth: number) => {
    let count = 0;
    home.stores.keyring.hook = (at, when) => {
      if (at.operation !== operation || when !== "after" || !at.key.startsWith("keyring/0/")) return;
      count += 1;
      if (count === nth) throw new Error("crash");
    };
  };
  const restart = async () => {
    home.stores.keyring.hook = undefined;
    await running.stop();
    running = await home.start();
    officer = running.as(home.ownerToken!);
  };

  it.each([
    { name: "the first key block is written", operation: "replace" as const, nth: 1 },
    { name: "it is read back", operation: "read" as const, nth: 2 },
  ])("is completed at the next start when $name", async ({ operation, nth }) => {
    const proposed = await propose({ conversation: "Old chat" });
    await approve(proposed);
    crashAt(operation, nth);
    await expect(execute(proposed)).rejects.toMatchObject({ status: 500 });
    await restart();
    const done = (await officer.call("get", "/api/v1/disposals/:id", {
      params: { id: proposed.id },
    })) as Disposed;
    expect(done).toMatchObject({ state: "done" });
    expect(done.destroyed).toHaveLength(2);
    expect(await search("destroy")).toEqual([]);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("destroys nothing when the decision itself was lost", async () => {
    const proposed = await propose({ conversation: "Old chat" });
    await approve(proposed);
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(execute(proposed)).rejects.toMatchObject({ status: 503 });
    await restart();
    expect(await officer.call("get", "/api/v1/disposals/:id", { params: { id: proposed.id } })).toMatchObject(
      { state: "approved" },
    );
    expect(await search("destroy")).toHaveLength(2);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("is repeated when the keyring does not answer, whether or not it wrote", async () => {
    for (const store of [home.stores.keyring, home.stores.keyringCopy!]) {
      const faults = ["before", "before", "after"];
      store.hook = (at, when) => {
        if (at.operation !== "replace" || !at.key.startsWith("keyring/0/") || faults[0] !== when) return;
        faults.shift();
        throw new ArchiveError("store-unavailable", "injected");
      };
    }
    expect((await disposeOf({ conversation: "Old chat" })).destroyed).toHaveLength(2);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });
});
