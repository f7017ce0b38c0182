import { PassThrough } from "node:stream";
import { type Envelope, envelope, type Outbound, outbound, TOPICS } from "@daybook/contract";
import {
  type ApiClient,
  apiClient,
  createApi,
  createLogger,
  listen,
  type Principal,
  type Route,
} from "@daybook/runtime";
import type { Pool } from "pg";
import { gatewayProblem, type PolicyHook, runGateway, type SendingAccount } from "../../src/index.ts";

export const ISLA = { id: "11111111-1111-4111-8111-111111111111", name: "Isla Brennan" };
const MORAG = { id: "22222222-2222-4222-8222-222222222222", name: "Morag Sutherland" };
const account = (n: number, of: Partial<SendingAccount>): SendingAccount => ({
  id: `${String(n).repeat(8)}-0000-4000-8000-000000000000`,
  network: "signal",
  method: "linked-device",
  identifier: `account-${n}`,
  custodian: ISLA,
  ...of,
});

export const ACCOUNTS = {
  islas: account(1, {}),
  morags: account(2, { custodian: MORAG }),
  supplied: account(3, { identifier: null, method: "export" }),
  ended: account(4, { custodian: null }),
};

/** `lost`: nothing is kept. `kept`: it is, and only the answer is lost. */
type Fault = "lost" | "kept" | undefined;

/** The gateway, running, behind the real API and a real database, over a stream in memory. */
export async function startGateway(pool: Pool, { policy = [] as PolicyHook[], perMinute = 5 } = {}) {
  const stopping = new AbortController();
  const logged: string[] = [];
  const sink = new PassThrough();
  sink.on("data", (chunk: Buffer) => logged.push(chunk.toString()));
  const log = createLogger("gateway", "debug", { stream: sink });
  const audits: Envelope[] = [];
  const outbounds: Outbound[] = [];
  /** What happens to the coming publications of a topic, in order. */
  const faults: Record<string, Fault[]> = { [TOPICS.audit]: [], [TOPICS.outbound]: [] };
  const clock = { now: new Date("2026-03-04T12:00:00.000Z") };
  let routes: readonly Route[] = [];
  const running = runGateway(
    {
      deployment: "test",
      pool,
      account: async (id) => Object.values(ACCOUNTS).find((one) => one.id === id),
      async publish(topic, _partition, plaintexts) {
        const fault = faults[topic]!.shift();
        if (fault !== "lost") {
          for (const one of plaintexts) {
            const value: unknown = JSON.parse(Buffer.from(one).toString());
            if (topic === TOPICS.audit) audits.push(envelope.parse(value));
            else outbounds.push(outbound.parse(value));
          }
        }
        if (fault) throw new Error(`injected: ${fault}`);
      },
      requestKey: Buffer.alloc(32, 7),
      policy,
      perMinute,
      expiresAfterMs: 15 * 60_000,
      mount: (mounted) => (routes = mounted),
      log,
      now: () => clock.now,
    },
    stopping.signal,
  );
  const principals: Record<string, Principal> = {
    office: {
      id: "office-1",
      name: "Private office",
      kind: "person",
      roles: ["custodian"],
      custodians: [ISLA.id],
    },
    other: { id: "other-1", name: "Other", kind: "person", roles: ["custodian"] },
    services: { id: "services", name: "Daybook", kind: "machine", roles: ["service"] },
  };
  const api = createApi({
    title: "gateway",
    version: "0",
    routes,
    log,
    problemOf: gatewayProblem,
    authenticator: { authenticate: async (bearer) => principals[bearer] },
  });
  const server = await listen(api, { port: 0 });
  const clients: ApiClient[] = [];
  return {
    audits,
    outbounds,
    faults,
    clock,
    logged,
    as(who: "office" | "other" | "services") {
      const client = apiClient({ url: server.url, token: who });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await server.close({ graceMs: 200 });
      stopping.abort();
      await running;
    },
  };
}
