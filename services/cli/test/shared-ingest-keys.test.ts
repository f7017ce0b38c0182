import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { memoryStores } from "@daybook/archive-core/testing";
import { createLogger, Secret } from "@daybook/runtime";
import { IngestKeys } from "../src/ingest/ingest-keys.ts";
import { sharedIngestKeys } from "../src/ingest/shared-store.ts";

const log = createLogger("test", "info", { stream: new PassThrough() });
const secret = new Secret(randomBytes(32).toString("base64"));
const DAY_MS = 86_400_000;
const facts = {
  ends: () => Promise.resolve([]),
  positions: () => Promise.resolve(new Map()),
};

describe("ingest keys that archivers share", () => {
  it("are made once, whoever starts first, and read by the others", async () => {
    const { heads } = memoryStores();
    const archivers = await Promise.all(
      [1, 2, 3].map(() => IngestKeys.open(sharedIngestKeys(heads, secret), log)),
    );
    expect(new Set(archivers.map((keys) => keys.current().kid)).size).toBe(1);
  });

  it("are on the store under the archivers' secret alone", async () => {
    const { heads } = memoryStores();
    const keys = await IngestKeys.open(sharedIngestKeys(heads, secret), log);
    const { kid, publicKey } = keys.current();
    const stored = Buffer.from((await heads.read("ingest/keys"))!.body);
    for (const text of [kid, publicKey, keys.privateKey(kid)!]) expect(stored.includes(text)).toBe(false);
    const other = sharedIngestKeys(heads, new Secret(randomBytes(32).toString("base64")));
    await expect(other.read()).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("turn in one archiver alone; the other learns of it when it meets the new key", async () => {
    const { heads } = memoryStores();
    const [one, two] = await Promise.all(
      [1, 2].map(() => IngestKeys.open(sharedIngestKeys(heads, secret), log)),
    );
    const turn = { ...facts, now: new Date(Date.now() + 7 * DAY_MS), overlapMs: 8 * DAY_MS };
    await one!.turn(turn);
    await expect(two!.turn(turn)).rejects.toMatchObject({ code: "conflict" });
    const { kid } = one!.current();
    expect(two!.privateKey(kid)).toBeUndefined();
    await two!.lookAgain();
    expect(two!.privateKey(kid)).toBe(one!.privateKey(kid));
  });

  it.each(["lost", "kept"] as const)(
    "use no new key whose write was %s before it is read back",
    async (fault) => {
      const { heads } = memoryStores();
      const keys = await IngestKeys.open(sharedIngestKeys(heads, secret), log);
      const before = keys.current().kid;
      heads.fail("replace", fault);
      const turn = { ...facts, now: new Date(Date.now() + 7 * DAY_MS), overlapMs: 8 * DAY_MS };
      await expect(keys.turn(turn)).rejects.toMatchObject({ code: "store-unavailable" });
      expect(keys.current().kid).toBe(before);
      await keys.refresh();
      expect(keys.current().kid === before).toBe(fault === "lost");
      await keys.turn(turn).catch(() => undefined);
      expect(keys.privateKey(before)).toBeDefined();
    },
  );

  it("say so, retryably, when they cannot be read again", async () => {
    const { heads } = memoryStores();
    const keys = await IngestKeys.open(sharedIngestKeys(heads, secret), log);
    heads.read = () => Promise.reject(new Error("down"));
    await expect(keys.lookAgain()).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });
});
