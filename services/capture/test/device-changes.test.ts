import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Postgres, startPostgres } from "@daybook/compose";
import { type Captured, ConnectorError, event, type LinkHealth } from "@daybook/contract";
import { apiClient, createApi, createLogger, listen, type Principal } from "@daybook/runtime";
import { Pool } from "pg";
import { captureProblem } from "../src/index.ts";
import { DeviceChanges } from "../src/linking/device-changes.ts";
import { LinkChanges } from "../src/linking/link-changes.ts";
import type { LinkedConnector } from "../src/linking/links.ts";
import { questionRoutes } from "../src/linking/question-routes.ts";

const dir = mkdtempSync(join(tmpdir(), "daybook-changes-"));
const log = createLogger("capture", "fatal", { stream: new PassThrough().resume() });
let postgres: Postgres;
let pool: Pool;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(dir, "postgres"), log });
  pool = new Pool({ ...postgres.connection, max: 3 });
  // Its connections may be there still when PostgreSQL stops.
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(() => pool.query("TRUNCATE capture.link"));

const at = (minute: number) => new Date(Date.UTC(2026, 2, 4, 12, minute));
const officer: Principal = { id: "officer-1", name: "Omar", kind: "person", roles: ["records-officer"] };
const owner: Principal = {
  id: "p-isla",
  name: "Isla",
  kind: "person",
  roles: ["custodian"],
  custodians: ["isla"],
};
const stranger: Principal = { ...owner, id: "p-carl", custodians: ["carl"] };

/** A network whose one account is linked as the test says, and what is put on its record. */
class Link {
  health: LinkHealth;
  now = at(0);
  readonly record: Captured[] = [];
  /** What happens to the coming records. */
  readonly faults: ("lost" | "kept")[] = [];

  constructor(link: NonNullable<LinkHealth["link"]>) {
    this.health = {
      account: "aci-1",
      custodian: { id: "isla", name: "Isla Brennan" },
      status: "live",
      link,
      alerts: [],
    };
  }

  get connector(): LinkedConnector {
    return {
      network: "signal",
      method: "linked-device",
      health: () => [this.health],
      record: async (captured) => {
        const fault = this.faults.shift();
        event.parse({ ...captured.event, capturedAt: this.now.toISOString() });
        if (fault !== "lost") this.record.push(captured);
        if (fault) throw new ConnectorError("stream-unavailable", "injected");
        await Promise.resolve();
      },
    };
  }

  linkedAgain(since: Date, heardUntil?: Date): void {
    this.now = since;
    this.health = { ...this.health, link: { since, ...(heardUntil && { heardUntil }) } };
  }

  /** As a process that starts: it knows only what is in the database. */
  start(): DeviceChanges {
    const changes = new LinkChanges(pool, Buffer.alloc(32, 5));
    return new DeviceChanges({ changes, connectors: () => [this.connector], log, now: () => this.now });
  }

  get texts() {
    return this.record.map(({ event: { text } }) => text);
  }
}

it("asks nothing of a first link", async () => {
  const link = new Link({ since: at(0) });
  const devices = link.start();
  await devices.look();
  await link.start().look();

  expect(link.record).toEqual([]);
  expect(await devices.questionsFor(officer)).toEqual([]);
});

it("asks once when an account was linked again, and records who answered what", async () => {
  const link = new Link({ since: at(0) });
  const devices = link.start();
  await devices.look();
  link.linkedAgain(at(10), at(7));
  await devices.look();
  await devices.look();

  const [question] = await devices.questionsFor(officer);
  expect(question).toMatchObject({ linkedAt: at(10), heardUntil: at(7), health: { account: "aci-1" } });
  expect(link.texts).toEqual([expect.stringContaining("Somebody is asked whether anything is missing")]);
  expect(await link.start().questionsFor(owner)).toHaveLength(1);
  link.now = at(20);
  expect(await devices.answer(question!.id, owner, { complete: true, words: "I compared both phones" })).toBe(
    true,
  );

  expect(link.record.at(-1)?.event).toMatchObject({
    kind: "notice",
    account: "aci-1",
    custodian: { id: "isla" },
    sender: { id: "p-isla", name: "Isla" },
    sentAt: at(20).toISOString(),
    text: expect.stringContaining("I compared both phones") as string,
  });
  expect(await link.start().questionsFor(officer)).toEqual([]);
  expect(await devices.answer(question!.id, officer, { complete: false, words: "again" })).toBe(false);
  await link.start().look();
  expect(link.record).toHaveLength(2);
});

it("records what is missing as a gap with its interval", async () => {
  const link = new Link({ since: at(10), heardUntil: at(7) });
  const devices = link.start();
  await devices.look();
  const [question] = await devices.questionsFor(officer);
  await devices.answer(question!.id, officer, { complete: false, words: "A talk with Fred is not there" });

  expect(link.record.at(-1)?.event).toMatchObject({
    kind: "gap",
    gap: {
      from: at(7).toISOString(),
      to: at(10).toISOString(),
      why: expect.stringContaining("A talk with Fred") as string,
    },
  });
});

it("asks too where the account's file was lost, by when the link was last seen to be up", async () => {
  const link = new Link({ since: at(0) });
  link.now = at(5);
  await link.start().look();
  link.linkedAgain(at(30));
  const devices = link.start();
  await devices.look();

  expect(await devices.questionsFor(officer)).toMatchObject([{ linkedAt: at(30), heardUntil: at(5) }]);
});

it("asks again under the same id after the database was lost", async () => {
  const link = new Link({ since: at(10), heardUntil: at(7) });
  await link.start().look();
  const [before] = await link.start().questionsFor(officer);
  await pool.query("DROP TABLE capture.link");
  const devices = link.start();
  await devices.look();

  expect((await devices.questionsFor(officer)).map(({ id }) => id)).toEqual([before!.id]);
  expect(new Set(link.record.map(({ eventId }) => eventId)).size).toBe(1);
});

it.each(["lost", "kept"] as const)("asks and takes answers again when a record is %s", async (fault) => {
  const link = new Link({ since: at(10), heardUntil: at(7) });
  const devices = link.start();
  link.faults.push(fault);
  await expect(devices.look()).rejects.toMatchObject({ code: "stream-unavailable" });
  await devices.look();
  expect(new Set(link.record.map(({ eventId }) => eventId)).size).toBe(1);

  const [question] = await devices.questionsFor(officer);
  link.faults.push(fault);
  const said = { complete: true, words: "All there" };
  await expect(devices.answer(question!.id, officer, said)).rejects.toMatchObject({ code: "unavailable" });
  expect(await devices.questionsFor(officer)).toHaveLength(1);
  expect(await devices.answer(question!.id, officer, said)).toBe(true);
  const answers = link.record.filter(({ eventId }) => eventId.startsWith("link-answered:"));
  expect(new Set(answers.map(({ eventId }) => eventId)).size).toBe(1);
});

it("is answered over the API, by those alone whom the account concerns", async () => {
  const link = new Link({ since: at(10), heardUntil: at(7) });
  const devices = link.start();
  await devices.look();
  const who = new Map([officer, owner, stranger].map((one) => [one.id, one]));
  const authenticator = { authenticate: (bearer: string) => Promise.resolve(who.get(bearer)) };
  const routes = questionRoutes(devices);
  const server = await listen(
    createApi({ title: "x", version: "0", routes, log, problemOf: captureProblem, authenticator }),
    { port: 0 },
  );
  const clients = [stranger, owner].map(({ id }) => apiClient({ url: server.url, token: id }));
  const [carl, isla] = clients as [(typeof clients)[0], (typeof clients)[0]];
  try {
    const { questions } = (await isla.call("get", "/api/v1/link-questions")) as {
      questions: { id: string }[];
    };
    expect(questions).toMatchObject([
      { network: "signal", custodian: { name: "Isla Brennan" }, heardUntil: at(7).toISOString() },
    ]);
    expect(await carl.call("get", "/api/v1/link-questions")).toEqual({ questions: [] });
    const answer = {
      params: { id: questions[0]!.id },
      body: { complete: true, words: "Nothing happened" },
    };
    await expect(carl.call("post", "/api/v1/link-questions/:id/answer", answer)).rejects.toMatchObject({
      status: 404,
    });
    await isla.call("post", "/api/v1/link-questions/:id/answer", answer);
    await expect(isla.call("post", "/api/v1/link-questions/:id/answer", answer)).rejects.toMatchObject({
      code: "not-found",
    });
    const wordless = { ...answer, body: { complete: true, words: " " } };
    await expect(isla.call("post", "/api/v1/link-questions/:id/answer", wordless)).rejects.toMatchObject({
      status: 400,
    });
  } finally {
    for (const client of clients) client.close();
    await server.close({ graceMs: 200 });
  }
  expect(link.texts.at(-1)).toContain("Nothing happened");
});
