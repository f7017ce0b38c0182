import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { describeWithJsmpp, Jsmpp } from "../../../test/fakes/jsmpp/index.ts";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { FERGUS, message, OFFICIAL, part, words } from "./fixtures/pdus.ts";
import { type Capturing, capturing } from "./support/capturing.ts";

jest.setTimeout(300_000);

const MANY = 300;
const MOMENTS = ["before-remembered", "after-remembered", "after-durable"];

/** An aggregator: it delivers each message until it is taken, over as many sessions as that takes. */
interface Peer {
  readonly port: number;
  store(shortMessage: Buffer, esmClass?: number): Promise<unknown>;
  /** Eight at a time, no two the same. */
  storeMany(count: number): Promise<unknown>;
  close(): Promise<void>;
}

async function fake(): Promise<Peer> {
  const smsc = await Smsc.start();
  const store = (shortMessage: Buffer, esmClass = 0) => smsc.store(message({ shortMessage, esmClass }));
  let next = 0;
  return {
    port: smsc.port,
    store,
    storeMany: (count) =>
      Promise.all(
        Array.from({ length: 8 }, async () => {
          while (next < count) await store(Buffer.from(`message ${(next += 1)}`));
        }),
      ),
    close: () => smsc.close(),
  };
}

async function ofJsmpp(): Promise<Peer> {
  const jsmpp = await Jsmpp.start();
  const sides = { source: FERGUS, destination: OFFICIAL };
  return {
    port: jsmpp.port,
    store: (bytes, esmClass = 0) => jsmpp.deliver({ ...sides, bytes, esmClass }),
    storeMany: (count) => jsmpp.load({ ...sides, count, window: 8, length: 60 }),
    close: () => jsmpp.close(),
  };
}

/** @param isShort leaves out what is the same whoever the peer is */
function crashes(start: () => Promise<Peer>, isShort = false): void {
  let peer: Peer;
  let dir: string;
  let connector: Capturing;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "sms-crash-"));
    peer = await start();
    connector = capturing({ dir, port: peer.port });
  });
  afterEach(async () => {
    await connector.kill();
    await peer.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const single: [string, number][] = [
    ["after-durable", 1],
    ["before-remembered", 0],
    ["after-remembered", 0],
  ];
  it.each(single.slice(0, isShort ? 1 : 3))(
    "has one record of what came when it died %s, and another of the same words",
    async (moment, durable) => {
      const yes = Buffer.from("Yes");
      const died = connector.start(moment);
      const stored = peer.store(yes);
      expect(await died).toEqual([null, "SIGKILL"]);
      expect(connector.records()).toHaveLength(durable);
      void connector.start();
      await stored;
      expect(connector.records()).toEqual(["Yes"]);
      await peer.store(yes);
      expect(connector.records()).toEqual(["Yes", "Yes"]);
    },
  );

  const parted: [string, number, number][] = [
    ["after-remembered", 2, 0],
    ["before-remembered", 2, 0],
    ["after-durable", 1, 1],
    ["before-forgotten", 1, 1],
  ];
  it.each(parted.slice(0, isShort ? 1 : 4))(
    "has one record of a message whose second part came when it died %s",
    async (moment, times, durable) => {
      const [first, second] = ["one ", "two"].map((text, n) =>
        part(Buffer.from(text), { reference: 4, total: 2, number: n + 1 }),
      );
      const died = connector.start(moment, times);
      await peer.store(first!.shortMessage, first!.esmClass);
      const stored = peer.store(second!.shortMessage, second!.esmClass);
      expect(await died).toEqual([null, "SIGKILL"]);
      expect(connector.records()).toHaveLength(durable);
      void connector.start();
      await stored;
      expect(connector.records()).toEqual(["one two"]);
    },
  );

  it("joins parts of which one came before it was killed", async () => {
    void connector.start();
    const one = part(Buffer.from("and two"), { reference: 4, total: 2, number: 2 });
    await peer.store(one.shortMessage, one.esmClass);
    await connector.kill();
    expect(connector.records()).toEqual([]);
    void connector.start();
    const other = part(Buffer.from("one "), { reference: 4, total: 2, number: 1 });
    await peer.store(other.shortMessage, other.esmClass);
    expect(connector.records()).toEqual(["one and two"]);
  });

  it(`has each of ${MANY} messages once when it dies while they come, again and again`, async () => {
    const stored = peer.storeMany(MANY);
    // No more come at a time than are unanswered: many are left each time.
    for (const moment of [...MOMENTS, ...MOMENTS])
      expect(await connector.start(moment, 3)).toEqual([null, "SIGKILL"]);
    void connector.start();
    await stored;
    expect(connector.records()).toHaveLength(MANY);
    expect(new Set(connector.records()).size).toBe(MANY);
  });
}

describe("SMS from a fake SMSC, killed", () => {
  crashes(fake);

  it("has two records of two messages with the same words that were both without an answer", async () => {
    const dir = mkdtempSync(join(tmpdir(), "sms-crash-"));
    const smsc = await Smsc.start();
    const connector = capturing({ dir, port: smsc.port });
    const died = connector.start("after-remembered");
    const stored = [smsc.store(message(words("Yes"))), smsc.store(message(words("Yes")))];
    await died;
    void connector.start();
    await Promise.all(stored);
    expect(connector.records()).toEqual(["Yes", "Yes"]);
    await connector.kill();
    await smsc.close();
    rmSync(dir, { recursive: true, force: true });
  });
});

describeWithJsmpp("SMS from jSMPP, killed", () => crashes(ofJsmpp, true));
