import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { LinkHealth, LinkStep, Party } from "@daybook/contract";
import {
  type ApiClient,
  apiClient,
  createApi,
  createLogger,
  listen,
  type Listening,
  type Principal,
} from "@daybook/runtime";
import { captureProblem } from "../src/index.ts";
import { type LinkedConnector, Links } from "../src/linking/links.ts";
import type { LinkKind } from "../src/linking/offers.ts";
import { selfLinkRoutes } from "../src/linking/self-routes.ts";
import { MemoryRegistry } from "./support/capture.ts";

const log = createLogger("capture", "fatal", { stream: new PassThrough().resume() });
const now = () => new Date("2026-03-04T12:00:00.000Z");
const WHATSAPP = { network: "whatsapp", method: "linked-device" } as const;

/** Whose phone was asked for, and what it does when it is scanned. */
let asked: Party[];
let scanned: PromiseWithResolvers<undefined>;
function linking(of: LinkKind, health: LinkHealth[] = []): LinkedConnector {
  const linker = {
    async *link(custodian: Party, signal: AbortSignal): AsyncGenerator<LinkStep> {
      asked.push(custodian);
      yield { step: "show", url: `${of.network}:code`, expiresAt: now() };
      await Promise.race([
        scanned.promise,
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        }),
      ]);
      yield { step: "linked", account: "account-1", again: false };
    },
  };
  return { ...of, linker, health: () => health, record: () => Promise.resolve() };
}

let registry: MemoryRegistry;
let connectors: LinkedConnector[];
let starting: LinkKind[];
let links: Links;
let server: Listening;
const people = new Map<string, readonly string[]>();
const clients: ApiClient[] = [];
let isla: Party;
let gwen: Party;
beforeEach(async () => {
  asked = [];
  scanned = Promise.withResolvers();
  starting = [];
  connectors = [linking(WHATSAPP)];
  registry = new MemoryRegistry();
  links = new Links({ registry, log, now });
  [isla, gwen] = ["Isla Brennan", "Gwen Rhys"].map((name) => {
    const one = { id: randomUUID(), name };
    registry.people.set(name, one);
    return one;
  }) as [Party, Party];
  const routes = selfLinkRoutes({ links, registry, connectors: () => connectors, starting: () => starting });
  server = await listen(
    createApi({
      title: "x",
      version: "0",
      routes,
      log,
      problemOf: captureProblem,
      authenticator: {
        authenticate: (bearer) => {
          const custodians = people.get(bearer);
          const principal: Principal = {
            id: bearer,
            name: bearer,
            kind: "person",
            roles: ["custodian"],
            ...(custodians && { custodians }),
          };
          return Promise.resolve(principal);
        },
      },
    }),
    { port: 0 },
  );
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await links.close();
  await server.close({ graceMs: 200 });
});

function as(name: string, ...custodians: Party[]): ApiClient {
  people.set(
    name,
    custodians.map(({ id }) => id),
  );
  const client = apiClient({ url: server.url, token: name });
  clients.push(client);
  return client;
}
const begin = async (client: ApiClient, body: object = {}) =>
  (await client.call("post", "/api/v1/self/links", { body: { network: "whatsapp", ...body } })) as {
    id: string;
  };
const show = (client: ApiClient, id: string) =>
  client.call("get", "/api/v1/self/links/:id", { params: { id } }) as Promise<{ state: { step: string } }>;
async function until(client: ApiClient, id: string, step: string) {
  for (;;) {
    const shown = await show(client, id);
    if (shown.state.step === step) return shown;
    await sleep(2);
  }
}

describe("an official links their own phone", () => {
  it("by the code that is told, and it is registered as theirs", async () => {
    const client = as("isla", isla);
    const { id } = await begin(client);
    expect(await until(client, id, "show")).toEqual({
      ...WHATSAPP,
      custodian: isla,
      state: { step: "show", url: "whatsapp:code", expiresAt: now().toISOString() },
    });
    expect(asked).toEqual([isla]);
    scanned.resolve(undefined);
    expect(await until(client, id, "linked")).toMatchObject({
      state: { account: "account-1", again: false },
    });
  });

  it("or gives it up", async () => {
    const client = as("isla", isla);
    const { id } = await begin(client);
    await until(client, id, "show");
    await client.call("delete", "/api/v1/self/links/:id", { params: { id } });
    expect(await until(client, id, "failed")).toMatchObject({ state: { why: "linking was given up" } });
  });

  it("or their office does, which says for whom", async () => {
    const office = as("office", isla, gwen);
    await expect(begin(office)).rejects.toMatchObject({ status: 422, code: "which-custodian" });
    const { id } = await begin(office, { custodian: gwen.id });
    await until(office, id, "show");
    expect(asked).toEqual([gwen]);
  });

  it("and is told where that cannot be done", async () => {
    const client = as("isla", isla);
    await expect(begin(client, { network: "signal" })).rejects.toMatchObject({ code: "no-connector" });
    starting = [{ network: "signal", method: "linked-device" }];
    await expect(begin(client, { network: "signal" })).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("nobody links or sees what is another's", () => {
  const nothing = { status: 404, code: "not-found" };

  it("neither for a person whom they do not speak for, nor for nobody", async () => {
    const refused = { status: 404, code: "no-such-custodian" };
    await expect(begin(as("isla", isla), { custodian: gwen.id })).rejects.toMatchObject(refused);
    await expect(begin(as("stranger"))).rejects.toMatchObject(refused);
    await expect(begin(as("stranger"), { custodian: isla.id })).rejects.toMatchObject(refused);
    expect(asked).toEqual([]);
  });

  it("nor by an id of a custodian that there is not: none is made", async () => {
    const gone = { id: "00000000-0000-4000-8000-000000000099", name: "Gone" };
    await expect(begin(as("old", gone))).rejects.toMatchObject({ code: "no-such-custodian" });
    expect(registry.people.size).toBe(2);
  });

  it("nor the code that another was shown, though both speak for the same person", async () => {
    const mine = as("isla", isla);
    const { id } = await begin(mine);
    await until(mine, id, "show");
    for (const other of [as("gwen", gwen), as("office", isla, gwen), as("nobody")]) {
      await expect(show(other, id)).rejects.toMatchObject(nothing);
      const params = { id };
      await expect(other.call("delete", "/api/v1/self/links/:id", { params })).rejects.toMatchObject(nothing);
    }
    expect(await show(mine, id)).toMatchObject({ state: { step: "show" } });
  });

  it("nor their own any more, once they do not speak for whom it is for", async () => {
    const client = as("isla", isla);
    const { id } = await begin(client);
    people.set("isla", []);
    await expect(show(client, id)).rejects.toMatchObject(nothing);
  });
});

describe("how the links of one's own accounts stand", () => {
  const health = (custodian: Party, given: Partial<LinkHealth>): LinkHealth => ({
    account: custodian.name,
    custodian,
    status: "live",
    alerts: [],
    ...given,
  });
  const mine = async (client: ApiClient) =>
    (await client.call("get", "/api/v1/self/links")) as { accounts: object[]; offers: object[] };

  it("is told of those alone", async () => {
    const since = new Date("2026-03-01T09:00:00.000Z");
    connectors = [
      linking(WHATSAPP, [health(isla, { link: { since } }), health(gwen, {})]),
      {
        network: "signal",
        method: "business-api",
        health: () => [health(gwen, {})],
        record: () => Promise.resolve(),
      },
    ];
    starting = [{ network: "signal", method: "linked-device" }];
    expect(await mine(as("isla", isla))).toEqual({
      accounts: [
        {
          ...WHATSAPP,
          account: isla.name,
          custodian: isla,
          standing: "working",
          status: "live",
          problem: null,
          alerts: [],
          linkedAt: since.toISOString(),
          downSince: null,
        },
      ],
      offers: [WHATSAPP, { network: "signal", method: "linked-device" }],
    });
    expect((await mine(as("office", isla, gwen))).accounts).toHaveLength(3);
    expect((await mine(as("nobody"))).accounts).toEqual([]);
  });

  it.each([
    ["live", "working"],
    ["waiting", "waiting"],
    ["connecting", "starting"],
    ["catching-up", "starting"],
    ["backing-off", "interrupted"],
    ["unlinked", "relink"],
    ["displaced", "attention"],
    ["a word that is new", "attention"],
  ])("is, for a connector's %s, %s", async (status, standing) => {
    const downSince = new Date("2026-03-02T09:00:00.000Z");
    connectors = [linking(WHATSAPP, [health(isla, { status, problem: "link again", downSince })])];
    expect((await mine(as("isla", isla))).accounts).toMatchObject([
      { standing, status, problem: "link again", downSince: downSince.toISOString() },
    ]);
  });
});
