import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { LinkHealth, LinkStep } from "@daybook/contract";
import { type ApiClient, apiClient, createApi, createLogger, listen } from "@daybook/runtime";
import { captureProblem } from "../src/index.ts";
import { type LinkedConnector, Links } from "../src/linking/links.ts";
import { linkRoutes } from "../src/linking/routes.ts";
import { MemoryRegistry } from "./support/capture.ts";

const log = createLogger("capture", "fatal", { stream: new PassThrough().resume() });
const now = () => new Date("2026-03-04T12:00:00.000Z");

/** A connector whose accounts are linked by a code, which names the way; or of official numbers, which nobody links. */
function connector(of: Pick<LinkedConnector, "network" | "method">, health: LinkHealth[] = []) {
  const isLinked = of.method === "linked-device";
  const steps: LinkStep[] = [{ step: "show", url: `${of.network}:${of.method}`, expiresAt: now() }];
  const linker = {
    async *link(_custodian: unknown, signal: AbortSignal) {
      yield* steps;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
  };
  return { ...of, ...(isLinked && { linker }), health: () => health, record: () => Promise.resolve() };
}

let connectors: LinkedConnector[];
let starting: Pick<LinkedConnector, "network" | "method">[];
let client: ApiClient;
let close: () => Promise<void>;
beforeEach(async () => {
  starting = [];
  const links = new Links({ registry: new MemoryRegistry(), log, now });
  const devices = { questions: () => Promise.resolve([]) };
  const authenticator = {
    authenticate: () =>
      Promise.resolve({ id: "admin", name: "Ada", kind: "person", roles: ["administrator"] } as const),
  };
  const routes = linkRoutes(
    links,
    () => connectors,
    () => starting,
    devices,
  );
  const server = await listen(
    createApi({ title: "x", version: "0", routes, log, problemOf: captureProblem, authenticator }),
    { port: 0 },
  );
  client = apiClient({ url: server.url, token: "t" });
  close = async () => {
    client.close();
    await links.close();
    await server.close({ graceMs: 200 });
  };
});
afterEach(() => close());

async function shown(body: Record<string, string>): Promise<string> {
  const { id } = (await client.call("post", "/api/v1/links", { body })) as { id: string };
  for (;;) {
    const state = (await client.call("get", "/api/v1/links/:id", { params: { id } })) as {
      step: string;
      url: string;
    };
    if (state.step === "show") return state.url;
    await sleep(2);
  }
}

it("says of a connector that is not running yet that it is starting", async () => {
  connectors = [];
  starting = [{ network: "whatsapp", method: "linked-device" }];
  const asked = { network: "whatsapp", custodian: "Isla Brennan" };

  await expect(shown(asked)).rejects.toMatchObject({ code: "unavailable" });
  await expect(shown({ ...asked, network: "signal" })).rejects.toMatchObject({ code: "no-connector" });
  await expect(shown({ ...asked, method: "business-api" })).rejects.toMatchObject({ code: "no-connector" });
});

it("links phones by the connector that can, also where official numbers are on that network", async () => {
  connectors = [
    connector({ network: "whatsapp", method: "business-api" }),
    connector({ network: "signal", method: "linked-device" }),
    connector({ network: "whatsapp", method: "linked-device" }),
  ];
  const isla = { custodian: "Isla Brennan" };
  expect(await shown({ network: "whatsapp", ...isla })).toBe("whatsapp:linked-device");
  expect(await shown({ network: "whatsapp", method: "linked-device", ...isla })).toBe(
    "whatsapp:linked-device",
  );
  await expect(shown({ network: "whatsapp", method: "business-api", ...isla })).rejects.toMatchObject({
    code: "no-connector",
  });
});

it("says that it links no phones where only official numbers are captured", async () => {
  connectors = [connector({ network: "whatsapp", method: "business-api" })];
  await expect(shown({ network: "whatsapp", custodian: "Isla" })).rejects.toMatchObject({
    status: 409,
    code: "no-connector",
  });
});

it("tells how official numbers stand, and asks nothing of devices", async () => {
  const health: LinkHealth = {
    account: "106540352242922",
    custodian: { id: "isla", name: "Isla Brennan" },
    status: "banned",
    problem: "Meta has banned the number",
    alerts: ["banned"],
  };
  connectors = [connector({ network: "whatsapp", method: "business-api" }, [health])];
  expect(await client.call("get", "/api/v1/links")).toEqual({
    accounts: [
      {
        network: "whatsapp",
        method: "business-api",
        ...health,
        linkedAt: null,
        downSince: null,
        agent: null,
        questions: [],
      },
    ],
  });
});
