import type { Stores } from "@daybook/archive-core";
import { openS3Stores, type S3Buckets, StoreRefusedError } from "@daybook/s3";
import { describeOnEngines, freshBuckets } from "./engines.ts";
import { type Fault, FaultProxy } from "./fault-proxy.ts";

const CONTENT = Buffer.from("content of an object");
const unavailable = { code: "store-unavailable", retryable: true };

describeOnEngines((_name, connection) => {
  let proxy: FaultProxy;
  let buckets: S3Buckets;
  let direct: Stores;
  let stores: Stores;
  const through = (options: { attempts?: number; requestTimeoutMs?: number }) =>
    openS3Stores({ ...connection(), ...options, endpoint: proxy.endpoint, buckets });
  beforeEach(async () => {
    buckets = await freshBuckets(connection());
    proxy = await FaultProxy.open(connection().endpoint);
    direct = openS3Stores({ ...connection(), buckets });
    stores = through({ attempts: 1 });
  });
  afterEach(() => proxy.close());

  const inAnHour = () => new Date(Date.now() + 3_600_000);
  const put = (store = stores) => store.records.put({ key: "a", body: CONTENT, retainUntil: inAnHour() });
  const isLocked = async (store = direct) =>
    (await store.records.stat("a"))!.retainUntil.getTime() > Date.now() + 3_500_000;

  it("has not written a locked object whose write was lost, and writes it when asked again", async () => {
    proxy.fail(/^PUT/, "lost");
    await expect(put()).rejects.toMatchObject(unavailable);
    await expect(direct.records.stat("a")).resolves.toBeUndefined();

    await expect(put()).resolves.toEqual({ created: true });
    await expect(isLocked()).resolves.toBe(true);
  });

  it("finds a locked object whose write was kept but unanswered", async () => {
    proxy.fail(/^PUT/, "kept");
    await expect(put()).resolves.toEqual({ created: false });
    await expect(isLocked()).resolves.toBe(true);
  });

  it("does not know of a write that was kept when it cannot look, and finds it when asked again", async () => {
    proxy.fail(/^PUT/, "kept");
    proxy.fail(/^HEAD/, "lost");
    await expect(put()).rejects.toMatchObject(unavailable);

    await expect(put()).resolves.toEqual({ created: false });
    await expect(isLocked()).resolves.toBe(true);
  });

  it("does not take a refused condition for success when the object is not there", async () => {
    proxy.fail(/^PUT/, { status: 409, code: "ConditionalRequestConflict" });
    await expect(put()).rejects.toMatchObject(unavailable);
    await expect(put()).resolves.toEqual({ created: true });
  });

  it.each<Fault>(["lost", "kept"])(
    "can repeat what lengthens, holds or removes when it was %s",
    async (fault) => {
      await put();
      const later = new Date(Date.now() + 7_200_000);
      const operations: [RegExp, () => Promise<void>][] = [
        [/^PUT .*retention/, () => stores.records.extend("a", later)],
        [/^PUT .*legal-hold/, () => stores.records.setLegalHold("a", true)],
        [/^PUT/, () => stores.keyring.put("b", CONTENT)],
        [/^DELETE/, () => stores.keyring.remove("b")],
      ];
      for (const [on, operation] of operations) {
        proxy.fail(on, fault);
        await expect(operation()).rejects.toMatchObject(unavailable);
        await operation();
      }

      const object = (await direct.records.stat("a"))!;
      expect(object.retainUntil.getTime()).toBeGreaterThanOrEqual(later.getTime());
      expect(object.legalHold).toBe(true);
      await expect(direct.keyring.read("b")).resolves.toBeUndefined();
    },
  );

  it.each([
    { fault: "lost", there: undefined },
    { fault: "kept", there: "two" },
  ] as const)("leaves open whether a swap that was $fault happened", async ({ fault, there }) => {
    const patient = through({});
    const tag = await patient.heads.replace("head", Buffer.from("one"), undefined);
    proxy.fail(/^PUT/, fault);
    await expect(patient.heads.replace("head", Buffer.from("two"), tag)).rejects.toMatchObject(unavailable);

    const head = (await patient.heads.read("head"))!;
    expect(Buffer.from(head.body).toString()).toBe(there ?? "one");
    await patient.heads.replace("head", Buffer.from("three"), head.tag);
    expect(proxy.pending).toBe(0);
  });

  it.each<Fault>(["lost", "kept", "silent", { status: 503, code: "SlowDown" }])(
    "asks again by itself what may be repeated, when it was %j",
    async (fault) => {
      const patient = through({ requestTimeoutMs: 500 });
      for (const on of [/^PUT/, /^GET/]) proxy.fail(on, fault);
      await put(patient);

      expect(Buffer.from(await patient.records.get("a"))).toEqual(CONTENT);
      expect(proxy.pending).toBe(0);
    },
  );

  it.each([
    { status: 503, code: "SlowDown", means: "store-unavailable" },
    { status: 500, code: "InternalError", means: "store-unavailable" },
    { status: 429, code: "TooManyRequests", means: "store-unavailable" },
    { status: 400, code: "RequestTimeout", means: "store-unavailable" },
    { status: 400, code: "BadDigest", means: "store-unavailable" },
    { status: 507, code: "InsufficientStorage", means: "store-full" },
    { status: 403, code: "QuotaExceeded", means: "store-full" },
    { status: 409, code: "ConditionalRequestConflict", means: "conflict" },
    { status: 412, code: "PreconditionFailed", means: "conflict" },
    { status: 403, code: "AccessDenied", means: "store-refused" },
    { status: 404, code: "NoSuchBucket", means: "store-refused" },
    { status: 403, code: "SignatureDoesNotMatch", means: "store-refused" },
    { status: 301, code: "PermanentRedirect", means: "store-refused" },
  ])("takes $status $code for $means, and repeats nothing the store said", async ({ means, ...fault }) => {
    proxy.fail(/^PUT/, fault);
    const error: unknown = await stores.heads.replace("head", CONTENT, undefined).catch((e: unknown) => e);

    expect(error).toMatchObject({
      code: means,
      retryable: means.startsWith("store-") && means !== "store-refused",
    });
    expect((error as Error).message).not.toContain("secret words");
  });

  it("does not pass off half a body as a whole one", async () => {
    await put();
    await direct.heads.put("head", CONTENT);
    proxy.fail(/^GET/, "cut", "cut", "cut");

    await expect(stores.records.get("a")).rejects.toMatchObject(unavailable);
    await expect(stores.heads.read("head")).rejects.toMatchObject(unavailable);
    await expect(
      (async () => {
        for await (const _piece of stores.records.stream("a")) continue;
      })(),
    ).rejects.toMatchObject(unavailable);
  });

  it("says that the store is unavailable when nothing answers, or nobody is there", async () => {
    const hasty = through({ attempts: 1, requestTimeoutMs: 300 });
    proxy.fail(/^GET/, "silent");
    await expect(hasty.records.get("a")).rejects.toMatchObject(unavailable);

    await proxy.close();
    await expect(hasty.records.get("a")).rejects.toMatchObject(unavailable);
    await expect(hasty.heads.replace("head", CONTENT, undefined)).rejects.toMatchObject(unavailable);
  });

  it("stops at credentials that the store does not know", async () => {
    const credentials = { accessKeyId: "nobody", secretAccessKey: "nothing-of-the-sort" };
    const stranger = openS3Stores({ ...connection(), credentials, buckets });

    await expect(put(stranger)).rejects.toThrow(StoreRefusedError);
    await expect(put(stranger)).rejects.toThrow(/check the credentials|policy allows/);
    await expect(stranger.heads.read("head")).rejects.toThrow(StoreRefusedError);
  });
});
