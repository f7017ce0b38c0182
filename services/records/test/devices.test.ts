import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import fc from "fast-check";
import { randomUUID } from "node:crypto";
import { type Database, openDatabase } from "../src/database.ts";
import { unlink } from "../src/posts/post-appliers.ts";
import { putIn, takeOut } from "../src/posts/spans.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Id {
  id: string;
}
interface Use {
  account: string;
  device: string;
  from: string;
  to: string | null;
}

suite("devices over time", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    owner = running.owner;
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const person = async (name: string) =>
    (await owner.call("post", "/api/v1/custodians", { body: { name } })) as Id;
  const account = (custodian: string, identifier: string, from = day(0), to: string | null = null) =>
    owner.call("post", "/api/v1/accounts", {
      body: { network: "sms", method: "carrier", identifier, custodian, from, to, reason: "joined" },
    }) as Promise<Id & { links: { from: string; to: string | null; custodian: Id }[] }>;
  const device = (label: string) =>
    owner.call("post", "/api/v1/devices", { body: { label, reason: "bought" } }) as Promise<Id>;
  const act = (path: string, id: string, body: object) =>
    owner.call("post", path, { params: { id }, body: { reason: "so it was", ...body } });
  const uses = async (id: string) =>
    ((await owner.call("get", "/api/v1/devices/:id", { params: { id } })) as { uses: Use[] }).uses.map(
      ({ from, to }) => [from, to],
    );
  const setting = async (number: string) => {
    const { id: ada } = await person(`Ada ${number}`);
    const { id: ben } = await person(`Ben ${number}`);
    const { id } = await account(ada, number);
    const { id: phone } = await device(`Phone ${number}`);
    await act("/api/v1/devices/:id/use", phone, { account: id, from: day(0) });
    return { ada, ben, id, phone };
  };

  it("are used and released, each interval said once", async () => {
    const { id, phone } = await setting("+447700900401");
    const release = { account: id, from: day(5), to: day(10) };
    await act("/api/v1/devices/:id/release", phone, release);
    await act("/api/v1/devices/:id/release", phone, release);
    expect(await uses(phone)).toEqual([
      [day(0), day(5)],
      [day(10), null],
    ]);
    await act("/api/v1/devices/:id/use", phone, { account: id, from: day(4), to: day(10) });
    expect(await uses(phone)).toEqual([[day(0), null]]);
    const facts = (await home.auditEvents()).filter(({ subject }) => subject === phone);
    expect(facts.map(({ action }) => action)).toEqual([
      "device.add",
      "device.use",
      "device.release",
      "device.use",
    ]);
    expect(facts[3]?.detail).toMatchObject({ after: [{ from: day(0), to: null }] });
  });

  it("are refused while the account is nobody's, and unknown ones", async () => {
    const { id, phone } = await setting("+447700900402");
    await expect(
      act("/api/v1/devices/:id/use", phone, { account: id, from: "2025-12-01" }),
    ).rejects.toMatchObject({ status: 409 });
    await expect(
      act("/api/v1/devices/:id/use", phone, { account: randomUUID(), from: day(1) }),
    ).rejects.toMatchObject({ status: 404 });
    await expect(
      act("/api/v1/devices/:id/use", phone, { account: id, from: day(2), to: day(2) }),
    ).rejects.toMatchObject({ status: 400 });
    await expect(device("phone  +447700900402")).rejects.toMatchObject({ code: "conflict" });
  });

  it("are refused by PostgreSQL itself where they overlap or lie outside a link", async () => {
    const { id, phone } = await setting("+447700900403");
    await act("/api/v1/accounts/:id/end", id, { to: day(10) });
    const insert = (from: string, to: string) =>
      home.sql("INSERT INTO records.device_use VALUES ($1, $2, tstzrange($3, $4))", [id, phone, from, to]);
    await expect(insert(day(9), day(10))).rejects.toThrow();
    await expect(insert(day(10), day(11))).rejects.toThrow();
    await expect(home.sql("DELETE FROM records.account_link WHERE account = $1", [id])).rejects.toThrow();
    await expect(
      home.sql(
        "INSERT INTO records.account_link SELECT account, tstzrange($2, $3), custodian FROM records.account_link WHERE account = $1",
        [id, day(9), day(12)],
      ),
    ).rejects.toThrow();
  });

  it("are released when their account is moved or ends, in the same fact", async () => {
    const { ben, id, phone } = await setting("+447700900404");
    await act("/api/v1/accounts/:id/move", id, { custodian: ben, from: day(5) });
    expect(await uses(phone)).toEqual([[day(0), day(5)]]);
    await act("/api/v1/devices/:id/use", phone, { account: id, from: day(6) });
    await act("/api/v1/accounts/:id/end", id, { to: day(8) });
    expect(await uses(phone)).toEqual([
      [day(0), day(5)],
      [day(6), day(8)],
    ]);
  });

  it("are released for what is corrected, and stay on either side of it", async () => {
    const { ada, ben, id, phone } = await setting("+447700900405");
    const links = async () =>
      (
        (await owner.call("get", "/api/v1/accounts/:id", { params: { id } })) as {
          links: { custodian: Id; from: string; to: string | null }[];
        }
      ).links.map(({ custodian, from, to }) => [custodian.id, from, to]);
    const correct = (body: object) => act("/api/v1/accounts/:id/correct", id, body);
    await correct({ custodian: ben, from: day(5), to: day(10) });
    await correct({ custodian: ben, from: day(5), to: day(10) });
    expect(await links()).toEqual([
      [ada, day(0), day(5)],
      [ben, day(5), day(10)],
      [ada, day(10), null],
    ]);
    expect(await uses(phone)).toEqual([
      [day(0), day(5)],
      [day(10), null],
    ]);
    const facts = (await home.auditEvents()).filter(({ action }) => action === "account.correct");
    expect(facts).toHaveLength(1);
    expect(facts[0]?.detail).toMatchObject({
      before: [{ custodian: ada, from: day(0), to: null }],
      after: [
        { custodian: ada, from: day(0), to: day(5) },
        { custodian: ben, from: day(5), to: day(10) },
        { custodian: ada, from: day(10), to: null },
      ],
      released: [{ device: phone, from: day(0), to: null }],
    });
    await correct({ custodian: ada, from: day(5), to: day(10) });
    expect(await links()).toEqual([[ada, day(0), null]]);
    await correct({ custodian: null, from: day(2), to: day(3) });
    expect(await links()).toEqual([
      [ada, day(0), day(2)],
      [ada, day(3), null],
    ]);
  });

  it("tell whose a number was at an instant, captured or only noted", async () => {
    const { ada, ben, id } = await setting("+447700900406");
    await act("/api/v1/accounts/:id/move", id, { custodian: ben, from: day(5) });
    const note = (custodian: string, value: string, from: string) =>
      act("/api/v1/custodians/:id/identifiers", custodian, { kind: "phone", value, from });
    const made = (await note(ada, "+44 (0)7700 900499", day(1))) as Id;
    await expect(note(ben, "+4407700900499", day(2))).rejects.toMatchObject({ code: "conflict" });
    await act("/api/v1/identifiers/:id/end", made.id, { to: day(4) });
    await note(ben, "+44 07700-900499", day(4));
    const who = async (identifier: string, at: string) =>
      (
        (await owner.call("post", "/api/v1/identifiers/holders", { body: { identifier, at } })) as {
          holders: { custodian: Id; account: string | null; nearChange: boolean }[];
        }
      ).holders.map(({ custodian, account: by, nearChange }) => [custodian.id, by, nearChange]);
    expect(await who("+447700900406", day(3))).toEqual([[ada, id, false]]);
    expect(await who("+447700900406", day(5))).toEqual([[ben, id, true]]);
    expect(await who("+4407700900499", day(2))).toEqual([[ada, null, true]]);
    expect(await who("+4407700900499", day(9))).toEqual([[ben, null, false]]);
    expect(await who("+447700900499", day(9))).toEqual([]);
  });

  it("keep records' custodian, and let capture link an account again that was ended", async () => {
    const { ben, id, phone } = await setting("+447700900407");
    await act("/api/v1/accounts/:id/end", id, { to: day(3) });
    expect(
      await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/accounts/resolve", {
        body: {
          custodian: ben,
          network: "sms",
          method: "carrier",
          identifier: "+447700900407",
          actor: "test",
        },
      }),
    ).toEqual({ id });
    expect(await uses(phone)).toEqual([[day(0), day(3)]]);
  });

  describe("splitting", () => {
    let database: Database;

    beforeAll(() => {
      database = openDatabase(home.connection, { max: 1 });
    });
    afterAll(() => database.close());

    const HORIZON = 12;
    const span = fc
      .tuple(fc.integer({ min: 0, max: HORIZON - 1 }), fc.integer({ min: 1, max: HORIZON }))
      .map(([from, length]) => ({ from, to: Math.min(from + length, HORIZON) }));
    const step = fc.record({
      what: fc.constantFrom("link", "unlink", "use", "release"),
      who: fc.integer({ min: 0, max: 1 }),
      span,
    });

    it("loses no instant and overlaps none, whatever is said in whatever order", async () => {
      const people = [(await person("Split one")).id, (await person("Split two")).id];
      const phones = [(await device("Split 1")).id, (await device("Split 2")).id];
      let made = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          made += 1;
          const first = people[0] as string;
          const { id } = await account(first, `+4477009005${made}`, day(0), day(HORIZON));
          const links = Array<string | undefined>(HORIZON).fill(first);
          const used = phones.map(() => Array<boolean>(HORIZON).fill(false));
          for (const {
            what,
            who,
            span: { from, to },
          } of steps) {
            const within = { from: day(from), to: day(to) };
            const days = Array.from({ length: to - from }, (_, i) => from + i);
            const phone = phones[who] as string;
            const custodian = people[who] as string;
            if (what === "use" && days.some((at) => links[at] === undefined)) continue;
            await database.transaction(async (tx) => {
              if (what === "use" || what === "release") {
                await takeOut(tx, "device_use", id, within, phone);
                if (what === "use") await putIn(tx, "device_use", id, phone, within);
              } else {
                await unlink(tx, id, within);
                if (what === "link") await putIn(tx, "account_link", id, custodian, within);
              }
            });
            for (const at of days) {
              if (what === "use" || what === "release") (used[who] as boolean[])[at] = what === "use";
              else {
                links[at] = what === "link" ? custodian : undefined;
                for (const one of used) one[at] = false;
              }
            }
          }
          for (const [at, custodian] of links.entries()) {
            const there = await home.sql(
              "SELECT custodian FROM records.account_link WHERE account = $1 AND valid @> $2::timestamptz AND valid @> $3::timestamptz",
              [id, day(at), new Date(Date.parse(day(at + 1)) - 1).toISOString()],
            );
            expect(there).toEqual(custodian === undefined ? [] : [[custodian]]);
            for (const [i, phone] of phones.entries()) {
              const on = await home.sql(
                "SELECT FROM records.device_use WHERE account = $1 AND device = $2 AND valid @> $3::timestamptz",
                [id, phone, day(at)],
              );
              expect(on).toHaveLength(used[i]?.[at] === true ? 1 : 0);
            }
          }
        }),
        { numRuns: 10 },
      );
    });
  });
});

function day(n: number): string {
  return new Date(Date.UTC(2026, 0, 1 + n)).toISOString();
}
