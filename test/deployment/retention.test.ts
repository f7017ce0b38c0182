import { jest } from "@jest/globals";
import { PutObjectRetentionCommand, S3Client } from "@aws-sdk/client-s3";
import { keyBlockKey, segmentKey } from "@daybook/archive-core";
import type { IdentityName } from "@daybook/s3/testing";
import { until } from "../e2e/support/archive.ts";
import { BACK_MS, type Committed, DAY_MS, GovernedArchive, SHARD } from "./governed-archive.ts";
import { deployedStores, describeDeployed } from "./installed.ts";
import { BUCKETS } from "./store.ts";

jest.setTimeout(300_000);

const CONTENT = Buffer.from("what an attempt that died has left");
const digest = (of: string) => of.padEnd(64, "0");
const ORPHAN = segmentKey(SHARD, 0, digest("aa"));
const ATTACHMENT = `attachment/${digest("bb")}`;
const blockOf = (of: string) => keyBlockKey(SHARD, 0, digest(of));
const ORPHANS = Array.from({ length: 8 }, (_, i) => segmentKey(SHARD, 0, digest(`dd${i}`)));

describeDeployed.each(deployedStores())("retention and the sweeper on %s", (store) => {
  let archive: GovernedArchive;
  const segments: Record<"gone" | "kept" | "stuck" | "held", readonly Committed[]> = {
    gone: [],
    kept: [],
    stuck: [],
    held: [],
  };
  const keys = (of: keyof typeof segments) => segments[of].map(({ key }) => key);
  const json = <T>(...args: string[]) => archive.deployment.json<T>(args);
  const stat = (key: string) => archive.stores.records.stat(key);
  const hasBlock = async (of: string) => {
    const { keyring, keyringCopy } = archive.as("retention");
    return Promise.all([keyring, keyringCopy].map(async (one) => !!(await one.read(blockOf(of)))));
  };
  const plantBlock = async (of: string) => {
    const { keyring, keyringCopy } = archive.as("archiver");
    for (const one of [keyring, keyringCopy]) await one.put(blockOf(of), CONTENT);
  };
  const plant = async (identity: IdentityName, key: string) => {
    const retainUntil = new Date(Date.now() + 2_000);
    await archive.as(identity).records.put({ key, body: CONTENT, retainUntil });
  };
  const found = async (word: string) => {
    const { results } = await json<{ results: unknown[] }>("search", word, "--matter", matter);
    return results.length;
  };
  const refused = (asked: Promise<unknown>) => expect(asked).rejects.toMatchObject({ code: "store-refused" });
  let matter = "";

  beforeAll(async () => {
    archive = await GovernedArchive.start(store);
    matter = (await json<{ id: string }>("matter", "open", "--title", "Ferries", "--kind", "foi")).id;
    segments.gone = await archive.import("Ann Lee", "the quorum is settled");
    segments.kept = await archive.import("Bob Roe", "the ferry leaves at nine");
    segments.stuck = await archive.import("Cy Doe", "the harbour is closed");
    segments.held = await archive.import("Di Poe", "the tender is open");
    await plant("archiver", ORPHAN);
    await plant("capture", ATTACHMENT);
  });
  afterAll(() => archive.deployment.remove());

  it("sets legal holds, copies the keyring, and has nothing else to do while every lock is long", async () => {
    await json("hold", "add", "--matter", matter, "--reason", "inquiry", "--custodian", "Di Poe");
    archive.setClock("retention", BACK_MS);
    const { held, extended, expired, copied, alerts, problems } = await archive.pass();

    expect(Object.fromEntries(problems)).toEqual({});
    expect({ extended, alerts, expired }).toEqual({
      extended: 0,
      alerts: 0,
      expired: { orphans: 0, disposed: 0, attachments: 0, snapshots: 0 },
    });
    expect(held).toBeGreaterThanOrEqual(segments.held.length);
    expect(copied).toBeGreaterThanOrEqual(4);
    for (const key of keys("held")) expect(await stat(key)).toMatchObject({ legalHold: true });
    for (const key of keys("gone")) expect(await stat(key)).toMatchObject({ legalHold: false });
  });

  it("destroys nothing by disposal before every key block that no leaf names is swept", async () => {
    await plantBlock("cc");
    const ids = segments.gone.flatMap((segment) => segment.ids.flatMap((id) => ["--id", id]));
    const proposed = await json<{ id: string; digest: string }>(
      ...["dispose", "propose", ...ids, "--reason", "no value", "--authority", "DA-1"],
    );
    const reviewer = await json<{ token: string }>(
      "token",
      "add",
      "--name",
      "Reviewer",
      "--role",
      "reviewer",
    );
    await archive.deployment.json(["dispose", "approve", proposed.id, "--digest", proposed.digest], {
      DAYBOOK_TOKEN: reviewer.token,
    });
    await archive.deployment.engines.deny([
      { identity: "records", bucket: "keyring", actions: ["s3:DeleteObject"], key: "keyring/*" },
    ]);
    const failed = await archive.deployment.run(["dispose", "execute", proposed.id]);
    expect(failed.code).toBe(1);
    expect(await found("quorum")).toBe(1);
    expect(await hasBlock("cc")).toEqual([true, true]);

    await archive.deployment.engines.deny([]);
    const done = await json<{ state: string; excluded: unknown[] }>("dispose", "execute", proposed.id);
    expect(done).toMatchObject({ state: "done", excluded: [] });
    expect(await found("quorum")).toBe(0);
    expect(await hasBlock("cc")).toEqual([false, false]);
  });

  it("gives its identities no more than they need", async () => {
    await archive.lapsed([...keys("gone"), ...keys("held"), ...keys("kept"), ...keys("stuck")]);
    const [extender, expirer] = [archive.as("extender").records, archive.as("expirer").records];
    for (const key of keys("gone")) {
      await refused(extender.remove(key));
      await refused(extender.get(key));
      await refused(expirer.extend(key, new Date(Date.now() + DAY_MS)));
      await refused(expirer.setLegalHold(key, true));
      await refused(expirer.get(key));
    }
    for (const key of keys("held"))
      await expect(expirer.remove(key)).rejects.toMatchObject({ code: "object-locked" });
  });

  it("lengthens what is needed, removes what is not, and says what it could not lengthen", async () => {
    await plantBlock("ee");
    const denied = keys("stuck").map((key) => ({
      identity: "extender" as const,
      bucket: "records" as const,
      actions: ["s3:PutObjectRetention"],
      key,
    }));
    await archive.deployment.engines.deny(denied);
    archive.setClock("retention", 0);
    const { problems, expired, swept, alerts } = await archive.pass();

    for (const key of keys("stuck"))
      expect(problems.get(key)).toMatch(/^its lock could not be lengthened: store-refused; its lock had /);
    expect(await archive.retention.metric("daybook_retention_alerts")).toBe(alerts);
    expect(alerts).toBeGreaterThanOrEqual(denied.length);
    const soon = new Date(Date.now() + 3 * DAY_MS);
    for (const key of [...keys("kept"), ...keys("held")])
      expect((await stat(key))!.retainUntil.getTime()).toBeGreaterThan(soon.getTime());
    for (const key of keys("stuck")) expect((await stat(key))!.retainUntil < new Date()).toBe(true);
    for (const key of [...keys("gone"), ORPHAN]) expect(await stat(key)).toBeUndefined();
    expect(expired).toMatchObject({ orphans: 1, disposed: segments.gone.length, attachments: 0 });
    expect(swept).toBeGreaterThanOrEqual(2);
    expect(await hasBlock("ee")).toEqual([false, false]);
    expect(await stat(ATTACHMENT)).toBeDefined();
  });

  it("shortens no lock, whoever asks", async () => {
    const { store: engine, authority, identities } = archive.deployment.engines;
    for (const identity of ["extender", "expirer"] as const) {
      const client = new S3Client({
        endpoint: engine.endpoint,
        region: engine.region,
        credentials: identities[identity],
        forcePathStyle: true,
        requestHandler: { httpsAgent: { ca: authority.ca } },
      });
      const Retention = { Mode: "COMPLIANCE", RetainUntilDate: new Date(Date.now() + DAY_MS) } as const;
      for (const key of keys("kept")) {
        const before = (await stat(key))!.retainUntil;
        const at = { Bucket: BUCKETS.records, Key: key };
        const shorter = client.send(new PutObjectRetentionCommand({ ...at, Retention }));
        await expect(shorter).rejects.toThrow();
        expect((await stat(key))!.retainUntil).toEqual(before);
      }
      client.destroy();
    }
  });

  it("removes an attachment that no record claims, a grace after its lock, and is well again", async () => {
    await archive.deployment.engines.deny([]);
    archive.setClock("retention", 1.5 * DAY_MS);
    const { expired } = await archive.pass();
    expect(expired.attachments).toBe(1);
    expect(await stat(ATTACHMENT)).toBeUndefined();
    const { alerts, problems } = await archive.pass();

    expect({ alerts, problems: Object.fromEntries(problems) }).toEqual({ alerts: 0, problems: {} });
    expect(await archive.retention.metric("daybook_retention_alerts")).toBe(0);
  });

  it("is killed in the middle of a pass without harm", async () => {
    await archive.retention.stop();
    for (const key of ORPHANS) await plant("archiver", key);
    await archive.lapsed(ORPHANS);
    const left = async () => (await Promise.all(ORPHANS.map(stat))).filter(Boolean).length;
    const { links } = archive.deployment.engines;
    await links.store.toxic({ type: "latency", latency: 150 });
    archive.retention.start();
    await until("the first to go", async () => (await left()) < ORPHANS.length);
    await archive.retention.stop("SIGKILL");
    await links.store.heal();
    const atDeath = await left();
    expect(atDeath).toBeGreaterThan(0);
    const { expired, alerts } = await archive.pass();

    expect({ orphans: expired.orphans, alerts }).toEqual({ orphans: atDeath, alerts: 0 });
    expect(await left()).toBe(0);
    expect(await found("ferry")).toBe(1);
    expect(await json("log", "fsck")).toMatchObject({ ok: true });
  });

  it("makes the catalogue again from what is left: nothing that was disposed of comes back, nor is missed", async () => {
    // What is recorded from now on is locked for long.
    archive.setClock("archiver-0", 0);
    await archive.pass();
    expect(await json("rebuild")).toMatchObject({ ok: true });
    expect(await found("ferry")).toBe(1);
    expect(await found("quorum")).toBe(0);
    expect(await json("log", "fsck")).toMatchObject({ ok: true });
  });
});
