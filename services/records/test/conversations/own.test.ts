import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, messageOf, type Running } from "../support/deployment.ts";
import { custodian } from "../support/own.ts";

const suite = hasPostgres ? describe : describe.skip;

type Custodian = Awaited<ReturnType<typeof custodian>>;

suite("what was captured of a custodian, for themself", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let ada: Custodian;
  let bo: Custodian;
  /** Ids of one record of each, that has an attachment, in a conversation of its own. */
  const records = new Map<Custodian, string>();
  const keys = new Map<Custodian, string>();

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    [ada, bo] = [await custodian(running, "Ada"), await custodian(running, "Bo")];
    const shared = { id: "shared", title: "Shared", kind: "group" as const };
    for (const one of [ada, bo]) {
      const whose = { account: `account of ${one.name}`, custodian: { id: one.id, name: one.name } };
      const { ref, key } = await home.attach(`the file of ${one.name}`, "file.txt");
      const conversation = { id: `chat of ${one.name}`, title: `With ${one.name}`, kind: "direct" as const };
      const event = messageOf({ ...whose, conversation, attachments: [ref], text: one.name, raw: "AQID" });
      await home.captureAll([{ eventId: one.name, stableDigest: "0".repeat(64), event }], () => [key]);
      await home.capture({ ...whose, conversation: shared, networkId: "m", text: `seen by ${one.name}` });
    }
    await home.capture({
      account: "account of Bo",
      custodian: { id: bo.id, name: "Bo" },
      conversation: shared,
      kind: "reaction",
      target: "m",
      text: "👍",
    });
    for (const one of [ada, bo]) {
      const key = (await list(one)).find(({ titles }) => titles[0] === `With ${one.name}`)!.key;
      const { entries } = await thread(one, key);
      keys.set(one, key);
      records.set(one, entries[0]!.id);
    }
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const list = async (whose: Custodian) =>
    (
      (await whose.client.call("get", "/api/v1/self/conversations")) as {
        conversations: { key: string; titles: string[]; records: number }[];
      }
    ).conversations;
  const thread = async (whose: Custodian, key: string) =>
    (await whose.client.call("get", "/api/v1/self/conversations/:key/thread", { params: { key } })) as {
      entries: { id: string; text: string; reactions: unknown[]; twins: unknown[] }[];
    };

  it("is their own alone, in shared conversations too", async () => {
    expect((await list(ada)).map(({ titles, records: count }) => [titles[0], count])).toEqual(
      expect.arrayContaining([
        ["With Ada", 1],
        ["Shared", 1],
      ]),
    );
    const shared = (await list(ada)).find(({ titles }) => titles[0] === "Shared")!.key;
    expect((await thread(ada, shared)).entries).toMatchObject([
      { text: "seen by Ada", reactions: [], twins: [] },
    ]);
    expect((await thread(bo, shared)).entries).toMatchObject([
      { text: "seen by Bo", reactions: [{ text: "👍" }] },
    ]);
  });

  it("gives a record, its proof, its bytes and its attachment", async () => {
    const params = { id: records.get(ada)! };
    expect(await ada.client.call("get", "/api/v1/self/records/:id", { params })).toMatchObject({
      record: { text: "Ada" },
    });
    expect(await ada.client.call("get", "/api/v1/self/records/:id/proof", { params })).toMatchObject(params);
    const get = async (path: string) =>
      fetch(`${running.url}/api/v1/self/records/${params.id}/${path}`, {
        headers: { authorization: `Bearer ${ada.token}` },
      });
    expect(await (await get("attachments/0")).text()).toBe("the file of Ada");
    expect(Buffer.from(await (await get("raw")).arrayBuffer())).toEqual(Buffer.from([1, 2, 3]));
  });

  it("is nothing where it is another's", async () => {
    for (const [reader, owner] of [
      [ada, bo],
      [bo, ada],
    ] as const) {
      const params = { id: records.get(owner)!, key: keys.get(owner)!, n: "0" };
      for (const path of [
        "/conversations/:key/thread",
        "/records/:id",
        "/records/:id/about",
        "/records/:id/proof",
        "/records/:id/raw",
        "/records/:id/attachments/:n",
      ]) {
        const call = reader.client.call("get", `/api/v1/self${path}`, { params: used(path, params) });
        await expect(call).rejects.toMatchObject({ status: 404, code: "not-found" });
      }
      const query = { custodian: owner.id };
      expect(await reader.client.call("get", "/api/v1/self/conversations", { query })).toMatchObject({
        conversations: [],
      });
    }
  });

  it("is nothing for whoever speaks for nobody, and opens no other door", async () => {
    const body = { name: "Nobody's office", roles: ["custodian"] };
    const { token } = (await running.owner.call("post", "/api/v1/tokens", { body })) as { token: string };
    const nobody = running.as(token);
    expect(await nobody.call("get", "/api/v1/self/conversations")).toMatchObject({
      conversations: [],
      next: null,
    });
    await expect(
      nobody.call("get", "/api/v1/self/records/:id", { params: { id: records.get(ada)! } }),
    ).rejects.toMatchObject({ status: 404 });
    const matter = (await running.owner.call("post", "/api/v1/matters", {
      body: { title: "Theirs", kind: "sar" },
    })) as { id: string };
    for (const client of [nobody, ada.client])
      await expect(
        client.call("get", "/api/v1/records/:id", {
          params: { id: records.get(ada)! },
          query: { matter: matter.id },
        }),
      ).rejects.toMatchObject({ status: 403 });
    await expect(
      running.owner.call("get", "/api/v1/self/records/:id", { params: { id: records.get(ada)! } }),
    ).rejects.toMatchObject({ status: 404 });
  });

  it("is on record without a matter", async () => {
    await thread(ada, keys.get(ada)!);
    const said = (await home.auditEvents()).findLast(({ action }) => action === "conversation.view")!;
    expect(said).toMatchObject({ subject: keys.get(ada), detail: { records: [records.get(ada)] } });
    expect(said.matter).toBeUndefined();
  });
});

/** The parameters that a path has. */
function used(path: string, params: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).filter(([name]) => path.includes(`:${name}`)));
}
