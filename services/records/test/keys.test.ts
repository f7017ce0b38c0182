import { createHash } from "node:crypto";
import { formatRecipients, formatSessionKey, readKeyBlock, wrappedTo } from "@daybook/openpgp";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { disposalActs } from "./support/disposal-acts.ts";
import { keyActs } from "./support/key-acts.ts";
import { makeKey, type TestKey } from "./support/memory-archive-keys.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;
const DAY_MS = 86_400_000;

suite("the archive's keys", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;
  let reviewer: ApiClient;
  let matter: string;
  let old: string;
  let placed: TestKey;
  let escrow: TestKey;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    // Made here since it takes seconds, in which nothing else is done.
    placed = await makeKey("rsa3072");
    escrow = await makeKey();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { keyringCopy: true, segmentRecords: 2 });
    running = await home.start();
    owner = running.owner;
    reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const opened = await owner.call("post", "/api/v1/matters", { body: { title: "M", kind: "foi" } });
    matter = (opened as { id: string }).id;
    old = home.archiveKeys.held[0]!.privateKey.fingerprint;
    await home.capture(
      { text: "harbour one" },
      { text: "harbour two", conversation: { id: "c2", title: "Old chat", kind: "direct" } },
      { text: "harbour three" },
    );
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const restart = async () => {
    await running.stop();
    running = await home.start();
    owner = running.owner;
  };
  const { add, list, census, rewrap, finished, retire, audits } = keyActs(
    () => owner,
    () => home,
  );
  const { search, fsck, disposeOf } = disposalActs(() => ({ officer: owner, reviewer, matter }));
  const blocks = (copy = false) => {
    const { objects } = copy ? home.stores.keyringCopy! : home.stores.keyring;
    return [...objects].map(([name, { body }]) => ({ name, body }));
  };
  /** Whose blocks of shard 0 are, as fingerprints, in order. */
  const wrappings = () =>
    blocks()
      .filter(({ name }) => name.startsWith("keyring/0/"))
      .map(({ body }) =>
        wrappedTo(body).map((id) => home.archiveKeys.recipients().byKeyId(id)!.recipient.fingerprint),
      );
  const linesBy = async (key: TestKey, copy = false) =>
    Object.fromEntries(
      await Promise.all(
        blocks(copy).map(async ({ name, body }) => {
          const lines = await readKeyBlock(body, key.privateKey);
          const text = lines.map(
            ({ index, attachment, key: line }) => `${index}.${attachment} ${formatSessionKey(line)}`,
          );
          return [name, text];
        }),
      ),
    ) as Record<string, string[]>;
  const lockedObjects = () =>
    [...home.stores.records.objects]
      .map(([name, { body, retainUntil }]) => [name, body.toString("base64"), retainUntil.toISOString()])
      .sort();

  it("change from a date on: blocks before it go to the old one, blocks from it on to the new, and all is read", async () => {
    const from = new Date(home.time + DAY_MS).toISOString();
    const { key, recipients } = await add({ from });
    expect(key).toMatchObject({ role: "archive", from, inForce: false, held: true, retired: null });
    expect(recipients).toBe(formatRecipients(home.archiveKeys.recipients()));
    expect(recipients).not.toMatch(/PRIVATE/);
    await home.capture({ text: "harbour four" });
    expect(wrappings()).toEqual([[old], [old], [old]]);
    home.time += DAY_MS;
    await home.capture({ text: "harbour five" });
    expect(wrappings()).toEqual([[old], [old], [old], [key.fingerprint]]);
    expect(await list()).toMatchObject([
      { fingerprint: old, from: null, inForce: false },
      { fingerprint: key.fingerprint, from, inForce: true },
    ]);
    expect(await search("harbour")).toHaveLength(5);
    expect(await search("harb*")).toHaveLength(5);
    await restart();
    expect(await search("harbour")).toHaveLength(5);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
    expect(await audits("key.add")).toEqual([
      expect.objectContaining({
        fingerprint: key.fingerprint,
        role: "archive",
        from,
        publicKey: home.archiveKeys.recipients().find(key.fingerprint)!.recipient.publicKey,
      }),
    ]);
  });

  it("are re-wrapped in both keyrings and the catalogue: each line as it was, nothing under a lock touched", async () => {
    const { key } = await add();
    await home.capture({ text: "harbour six" });
    const before = await linesBy({ ...home.archiveKeys.held[0]!, privateKey: anyKey() });
    const locked = lockedObjects().filter(([name]) => !name!.startsWith("log/audit/"));
    const started = await rewrap(key.fingerprint, old);
    expect(started).toMatchObject({ to: key.fingerprint, drop: old, state: "running", endedAt: null });
    const done = await finished();
    expect(done).toMatchObject({ id: started.id, state: "done", failed: 0, progress: null });
    const next = home.archiveKeys.held[1]!;
    for (const copy of [false, true]) {
      const after = await linesBy(next, copy);
      for (const [name, lines] of Object.entries(before)) expect(after[name]).toEqual(lines);
    }
    expect(new Set(wrappings().flat())).toEqual(new Set([key.fingerprint]));
    expect(lockedObjects().filter(([name]) => !name!.startsWith("log/audit/"))).toEqual(locked);
    // The old private key is nowhere needed.
    home.archiveKeys.held.shift();
    await restart();
    expect(await search("harb*")).toHaveLength(4);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
    expect(await census()).toMatchObject([
      { where: "keyring", byKey: { [key.fingerprint]: blocks().length }, unknown: {}, damaged: 0 },
      { where: "keyring-copy", byKey: { [key.fingerprint]: blocks().length } },
      { where: "catalogue", byKey: { [key.fingerprint]: expect.any(Number) as number } },
    ]);
  });

  const anyKey = () => {
    const [first, second] = home.archiveKeys.held.map(({ privateKey }) => privateKey);
    return {
      ...first!,
      unwrap: async (wrapped: Uint8Array) => {
        const ids = wrappedTo(wrapped);
        return (second!.keyIds.some((id) => ids.includes(id)) ? second! : first!).unwrap(wrapped);
      },
    };
  };

  it("are re-wrapped with an audit record at the start, one a batch before it is written, and one at the end", async () => {
    const { key } = await add();
    const names = blocks()
      .filter(({ body }) => wrappedTo(body).every((id) => !homeKey(key.fingerprint).keyIds.includes(id)))
      .map(({ name }) => name)
      .sort();
    let named: unknown[] | undefined;
    home.stores.keyring.hook = async ({ operation, key: name }, when) => {
      if (operation !== "replace" || when !== "before" || !name.startsWith("keyring/0/")) return;
      home.stores.keyring.hook = undefined;
      named = await audits("key.rewrap-batch");
    };
    const { id } = await rewrap(key.fingerprint);
    await finished();
    expect(named).toHaveLength(1);
    const [batch, copied, cells] = await audits("key.rewrap-batch");
    expect(batch).toMatchObject({ id, home: "keyring" });
    const covered = names.slice(0, (batch as { count: number }).count);
    expect(batch).toMatchObject({
      first: covered[0],
      last: covered.at(-1),
      digest: createHash("sha256")
        .update(covered.map((name) => `${name}\n`).join(""))
        .digest("hex"),
    });
    expect(copied).toMatchObject({ id, home: "keyring-copy" });
    expect(cells).toMatchObject({ id, home: "catalogue" });
    expect(await audits("key.rewrap")).toEqual([
      expect.objectContaining({ id, to: key.fingerprint, drop: null }),
    ]);
    expect(await audits("key.rewrap-end")).toEqual([
      expect.objectContaining({ id, complete: true, failed: 0, failures: [] }),
    ]);
    expect(new Set(wrappings().map((one) => one.length))).toEqual(new Set([2]));
  });

  const homeKey = (fingerprint: string) => home.archiveKeys.recipients().find(fingerprint)!.recipient;

  it.each(["lost", "kept"] as const)("are re-wrapped also when answers of writes are %s", async (fault) => {
    const { key } = await add();
    home.stores.keyring.fail("replace", fault, fault, fault);
    home.stores.keyringCopy!.fail("replace", fault);
    await rewrap(key.fingerprint, old);
    expect(await finished()).toMatchObject({ state: "done" });
    home.archiveKeys.held.shift();
    await linesBy(home.archiveKeys.held[0]!);
    await linesBy(home.archiveKeys.held[0]!, true);
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("never bring back a line that a disposal destroys while a block is re-wrapped", async () => {
    const { key } = await add();
    let disposed: Promise<unknown> | undefined;
    let reads = 0;
    home.stores.keyring.hook = async ({ operation, key: name }, when) => {
      if (operation !== "replace" || when !== "before" || !name.startsWith("keyring/0/") || disposed) return;
      // The re-wrap has read the block and is about to write it.
      disposed = disposeOf({ conversation: "Old chat" });
      await disposed;
      reads += 1;
    };
    await rewrap(key.fingerprint, old);
    expect(await finished()).toMatchObject({ state: "done" });
    expect(await disposed).toMatchObject({ destroyed: [expect.anything()] });
    expect(reads).toBe(1);
    home.archiveKeys.held.shift();
    for (const copy of [false, true]) {
      const lines = await linesBy(home.archiveKeys.held[0]!, copy);
      const own = Object.entries(lines).flatMap(([name, text]) =>
        name.startsWith("keyring/0/") ? text : [],
      );
      expect(own.map((line) => line.split(".")[0])).toEqual(["0", "2"]);
    }
    expect((await fsck()).at(-1)).toEqual({ ok: true });
  });

  it("leave what cannot be opened as it is, tell it, and re-wrap the rest", async () => {
    const { key } = await add();
    const [first] = blocks().filter(({ name }) => name.startsWith("keyring/0/"));
    await home.stores.keyring.put(first!.name, Buffer.from("wiped"));
    await rewrap(key.fingerprint, old);
    expect(await finished()).toMatchObject({ state: "incomplete", failed: 1 });
    expect(await audits("key.rewrap-end")).toMatchObject([
      { complete: false, failed: 1, failures: [first!.name] },
    ]);
    expect(Buffer.from((await home.stores.keyring.read(first!.name))!.body).toString()).toBe("wiped");
    const [, ...rest] = blocks();
    for (const { body } of rest) expect(wrappedTo(body)).toHaveLength(1);
    expect((await census())[0]).toMatchObject({ damaged: 1 });
  });

  it("may be retired only when nothing needs them any more, and say why and from when", async () => {
    const { key } = await add();
    expect((await retire(key.fingerprint)).code).toBe("conflict");
    const { keyring, records } = home.stores;
    const retainUntil = new Date(home.time + 35 * DAY_MS);
    const [first] = blocks();
    const copy = `keyring-snapshot/2026-03-10/${first!.name.slice("keyring/".length)}.0123456789abcdef`;
    await records.put({ key: copy, body: (await keyring.read(first!.name))!.body, retainUntil });
    const refused = await retire(old);
    expect(refused).toMatchObject({ ok: false, key: { retired: null } });
    expect(refused.needed).toEqual([
      { where: "keyring", count: expect.any(Number) as number, until: null },
      { where: "keyring-copy", count: expect.any(Number) as number, until: null },
      { where: "catalogue", count: 1, until: null },
      { where: "snapshots", count: 1, until: retainUntil.toISOString() },
    ]);
    expect(refused.why).toContain(`locked until ${retainUntil.toISOString()}`);

    await rewrap(key.fingerprint, old);
    await finished();
    expect((await retire(old)).needed).toMatchObject([{ where: "snapshots" }]);
    home.time += 36 * DAY_MS;
    await records.remove(copy);
    const retired = await retire(old);
    expect(retired).toMatchObject({ ok: true, needed: [], why: null });
    expect(await audits("key.retire")).toMatchObject([{ fingerprint: old, checked: { snapshots: 0 } }]);
    expect((await list())[0]).toMatchObject({ fingerprint: old, inForce: false, held: false });
    expect(await search("harbour")).toHaveLength(3);
    expect(await retire(old)).toMatchObject({ ok: true });
  });

  it("stay while a parked event is wrapped to them alone", async () => {
    await home.park();
    const { key } = await add();
    await rewrap(key.fingerprint, old);
    await finished();
    expect((await retire(old)).needed).toEqual([{ where: "parked", count: 1, until: null }]);
  });

  it("are added as the audit log says when a crash comes before the list is written", async () => {
    home.archiveKeys.faults.push("lost");
    await expect(add()).rejects.toMatchObject({ status: 500 });
    expect(await list()).toHaveLength(1);
    await restart();
    expect(await list()).toMatchObject([{ inForce: false }, { inForce: true, held: true }]);
  });

  it("may be placed by ceremony: then only the public half is given, and the private one must be there", async () => {
    const { publicKey } = placed;
    await expect(add({ publicKey })).rejects.toMatchObject({ status: 409, code: "conflict" });
    await home.archiveKeys.place(placed);
    const { key } = await add({ publicKey });
    await rewrap(key.fingerprint, old);
    expect(await finished()).toMatchObject({ state: "done" });
    await linesBy(placed);
    const added = await add({ publicKey: escrow.publicKey, role: "escrow" });
    expect(added.key).toMatchObject({ role: "escrow", inForce: true, held: false });
    await rewrap(added.key.fingerprint);
    expect(await finished()).toMatchObject({ state: "done" });
    await linesBy(escrow);
  }, 60_000);

  it("are refused where they make no sense, with the reason", async () => {
    const at = (ms: number) => new Date(home.time + ms).toISOString();
    await expect(add({ from: at(-1) })).rejects.toMatchObject({ status: 400 });
    await expect(add({ publicKey: "no key" })).rejects.toMatchObject({ status: 400 });
    await expect(add({ role: "escrow" })).rejects.toMatchObject({ status: 400 });
    const { publicKey } = home.archiveKeys.held[0]!;
    await expect(add({ publicKey })).rejects.toMatchObject({ status: 409 });
    await expect(add({ publicKey: home.archiveKeys.held[0]!.armored })).rejects.toMatchObject({
      status: 400,
    });
    const { key } = await add({ from: at(DAY_MS) });
    await expect(add({ from: at(DAY_MS) })).rejects.toMatchObject({ status: 409 });
    await expect(rewrap("F".repeat(40))).rejects.toMatchObject({ status: 404 });
    await expect(rewrap(key.fingerprint, key.fingerprint)).rejects.toMatchObject({ status: 409 });
    await expect(rewrap(key.fingerprint, old)).rejects.toMatchObject({ status: 409 });
    expect(await retire(key.fingerprint)).toMatchObject({ ok: false, code: "conflict" });
    expect(await retire("F".repeat(40))).toMatchObject({ ok: false, code: "not-found" });
    await rewrap(key.fingerprint);
    await expect(rewrap(key.fingerprint)).rejects.toMatchObject({ status: 409 });
    await finished();
  });
});
