import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Envelope, envelope } from "@daybook/contract";
import { RecordReader } from "@daybook/openpgp";
import {
  type ApiClient,
  apiClient,
  createApi,
  createLogger,
  listen,
  ProblemError,
  type Role,
  route,
  SERVICE,
} from "@daybook/runtime";
import { z } from "zod";
import { evidenceProblem, runEvidence } from "../../src/index.ts";
import { catalogueOf } from "./catalogue.ts";
import { DEPLOYMENT, keyPairs, SmallArchive, VKEYS } from "./small-archive.ts";

export const MATTER = "00000000-0000-4000-8000-00000000000a";
export const CLOSED_MATTER = "00000000-0000-4000-8000-00000000000b";
/** Somebody outside, as the records service tells of them. */
export const OUTSIDE = {
  id: "00000000-0000-4000-8000-00000000000d",
  parties: [{ network: "sms", ids: ["+447700900456"], to: "2026-07-01T00:00:00.000Z" }],
  unconfirmed: [
    {
      network: "sms",
      identifier: "+447700900456",
      side: "after",
      silentFrom: "2026-03-01T00:00:00.000Z",
      silentTo: "2026-09-01T00:00:00.000Z",
      records: 2,
    },
  ],
};
export const CUSTODIAN = "00000000-0000-4000-8000-00000000000c";
const INTERNAL_TOKEN = "internal";

/** `lost`: nothing is kept. `kept`: it is, and only the answer is lost. */
export type Fault = "lost" | "kept";

/** The evidence service behind the real API, with a records service and an archiver that do just what it asks. */
export interface Running {
  readonly url: string;
  readonly archive: SmallArchive;
  /** What was published for the audit log, whether it is archived yet or not. */
  readonly published: Envelope[];
  readonly logged: string[];
  /** What happens to the coming publications, in order. */
  readonly faults: Fault[];
  /** Runs before published events are archived; what it throws, the service that waits gets as an answer. */
  beforeArchived: () => void | Promise<void>;
  /** How often the catalogue was asked to select. */
  selections: number;
  /** Whether the catalogue says that rows are missing. */
  rebuilding: boolean;
  /** Ids that are selected in the matter. */
  selection: string[];
  /** How many lines of them are told before the answer breaks off; all of them, unless given. */
  selectionLines: number | undefined;
  /** Where built packages wait. */
  readonly packagesDir: string;
  /** A client of a person with these roles, whose id is the name. */
  person(name: string, ...roles: Role[]): ApiClient;
  /** Stops the records service and the archiver alone. */
  stopOthers(): Promise<void>;
  stop(): Promise<void>;
}

export interface EvidenceGiven {
  /** What the witnessing service answers; without it there is none. */
  readonly attest?: (archive: SmallArchive) => Promise<Record<string, unknown>>;
  /** A folder of its own, unless given. */
  readonly packagesDir?: string;
  /** How long built packages are kept: a day, unless given. Each look at the clock takes a second of it. */
  readonly keptMs?: number;
}

export async function startEvidence({
  attest,
  packagesDir,
  keptMs = 24 * 60 * 60_000,
}: EvidenceGiven = {}): Promise<Running> {
  const dir = packagesDir ?? (await mkdtemp(join(tmpdir(), "daybook-packages-")));
  const [own] = await keyPairs();
  let clock = Date.parse("2026-03-10T12:00:00.000Z");
  const now = () => new Date((clock += 1_000));
  const archive = new SmallArchive({ now, recipients: own!.recipients });
  const catalogue = catalogueOf(archive.records);
  const published: Envelope[] = [];
  let archivedTo = 0;
  const logged: string[] = [];
  const sink = new PassThrough().on("data", (chunk: Buffer) => logged.push(chunk.toString()));
  const log = createLogger("evidence", "debug", { stream: sink });
  const clients: ApiClient[] = [];
  const people = new Map<string, readonly Role[]>();
  const clientOf = (url: string, token: string) => {
    const client = apiClient({ url, token });
    clients.push(client);
    return client;
  };

  const others = await listen(
    createApi({
      title: "the services beside evidence",
      version: "0",
      log,
      authenticator: {
        authenticate: (bearer) =>
          Promise.resolve(
            bearer === INTERNAL_TOKEN
              ? { id: "services", name: "services", kind: "machine", roles: [SERVICE] }
              : undefined,
          ),
      },
      routes: otherRoutes(
        async (offset) => {
          await running.beforeArchived();
          const due = published.slice(archivedTo, offset);
          archivedTo = Math.max(archivedTo, offset);
          if (due.length > 0) await archive.archive("audit", due);
        },
        attest && (() => attest(archive)),
        { selection: () => running, published },
      ),
    }),
    { port: 0 },
  );

  const stopping = new AbortController();
  let serving: ReturnType<typeof listen> | undefined;
  const lived = runEvidence(
    {
      catalogue: {
        ...catalogue,
        isRebuilding: () => Promise.resolve(running.rebuilding),
        select(search) {
          running.selections += 1;
          return catalogue.select(search);
        },
      },
      reader: new RecordReader({ stores: archive.stores, holder: own!.privateKey }),
      stores: archive.stores,
      services: clientOf(others.url, INTERNAL_TOKEN),
      publish: (_topic, _partition, plaintexts) => {
        const fault = running.faults.shift();
        if (fault !== "lost") {
          for (const bytes of plaintexts)
            published.push(envelope.parse(JSON.parse(Buffer.from(bytes).toString())));
        }
        return fault === undefined
          ? Promise.resolve(published.length)
          : Promise.reject(new ProblemError(503, "unavailable", `injected: ${fault}`));
      },
      vkeys: VKEYS,
      witnessing: attest !== undefined,
      deployment: DEPLOYMENT,
      sample: false,
      packages: { dir, keptMs },
      mount(routes) {
        const app = createApi({
          title: "evidence",
          version: "0",
          routes,
          log,
          problemOf: evidenceProblem,
          authenticator: {
            authenticate: (bearer) => {
              const roles = people.get(bearer);
              return Promise.resolve(roles && { id: bearer, name: bearer, kind: "person", roles });
            },
          },
        });
        serving = listen(app, { port: 0 });
      },
      log,
      now,
    },
    stopping.signal,
  );
  const server = await serving!;

  const running: Running = {
    url: server.url,
    archive,
    published,
    logged,
    faults: [],
    beforeArchived: () => undefined,
    selections: 0,
    rebuilding: false,
    selection: [],
    selectionLines: undefined,
    packagesDir: dir,
    person(name, ...roles) {
      people.set(name, roles);
      return clientOf(server.url, name);
    },
    stopOthers: () => others.close({ graceMs: 0 }),
    async stop() {
      for (const client of clients) client.close();
      await server.close({ graceMs: 200 });
      await others.close({ graceMs: 200 });
      stopping.abort();
      await lived;
      if (packagesDir === undefined) await rm(dir, { recursive: true });
    },
  };
  return running;
}

/** The routes that evidence asks, of a records service that knows one person and two matters. */
function otherRoutes(
  archived: (offset: number) => Promise<void>,
  attest: (() => Promise<Record<string, unknown>>) | undefined,
  told: { selection: () => Pick<Running, "selection" | "selectionLines">; published: readonly Envelope[] },
) {
  const nothing = new ProblemError(404, "not-found", "there is no such thing");
  return [
    route({
      method: "get",
      path: "/internal/v1/matters/:id",
      action: "internal",
      summary: "A matter",
      params: z.object({ id: z.string() }),
      response: z.record(z.string(), z.unknown()),
      handle: ({ params: { id } }) => {
        if (id !== MATTER && id !== CLOSED_MATTER) throw nothing;
        const closedAt = id === CLOSED_MATTER ? "2026-03-01T00:00:00.000Z" : null;
        return Promise.resolve({ id, title: "Ferry papers", kind: "foi", closedAt });
      },
    }),
    route({
      method: "post",
      path: "/internal/v1/custodians/resolve",
      action: "internal",
      summary: "A custodian",
      body: z.object({ name: z.string(), create: z.literal(false), actor: z.string() }),
      response: z.record(z.string(), z.unknown()),
      handle: ({ body: { name } }) => {
        if (name !== "Ann Lee") throw nothing;
        return Promise.resolve({ id: CUSTODIAN, name });
      },
    }),
    route({
      method: "post",
      path: "/internal/v1/participants/resolve",
      action: "internal",
      summary: "Somebody outside",
      body: z.object({ name: z.string() }),
      response: z.record(z.string(), z.unknown()),
      handle: ({ body: { name } }) => {
        if (name !== "Fergus Reid") throw nothing;
        return Promise.resolve(OUTSIDE);
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/disposed",
      action: "internal",
      summary: "Disposals",
      query: z.object({ after: z.string().optional() }),
      response: z.record(z.string(), z.unknown()),
      handle: () => Promise.resolve({ disposals: [], next: null }),
    }),
    route({
      method: "get",
      path: "/internal/v1/matters/:id/selection",
      action: "internal",
      summary: "What is selected",
      params: z.object({ id: z.string() }),
      download: true,
      handle: ({ response }) => {
        const { selection, selectionLines } = told.selection();
        const lines = [...selection.map((id) => ({ id })), { ok: true, count: selection.length }];
        const sent = lines.slice(0, selectionLines).map((line) => `${JSON.stringify(line)}\n`);
        response.end(sent.join(""));
        return Promise.resolve(undefined);
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/matters/:id/exports",
      action: "internal",
      summary: "Exports, as the audit log tells",
      params: z.object({ id: z.string() }),
      query: z.object({ limit: z.coerce.number(), cursor: z.string().optional() }),
      response: z.record(z.string(), z.unknown()),
      handle: ({ params: { id } }) => {
        const asked = told.published.filter(
          ({ event: { audit } }) => audit?.action === "export.start" && audit.matter === id,
        );
        const exports = asked.toReversed().map(({ event: { audit, capturedAt } }) => ({
          id: audit!.subject,
          at: capturedAt,
          by: audit!.actor,
          name: audit!.detail!["name"],
          of: "selection" in audit!.detail! ? "selection" : "everything",
        }));
        return Promise.resolve({ exports, next: null });
      },
    }),
    route({
      method: "post",
      path: "/internal/v1/archived",
      action: "internal",
      summary: "Waits until events are archived",
      body: z.object({ shard: z.literal("audit"), offset: z.int(), flush: z.literal(true) }),
      handle: ({ body: { offset } }) => archived(offset),
    }),
    route({
      method: "post",
      path: "/internal/v1/attest",
      action: "internal",
      summary: "Cosigns and stamps",
      response: z.record(z.string(), z.unknown()),
      handle: () => attest?.() ?? Promise.reject(nothing),
    }),
  ];
}
