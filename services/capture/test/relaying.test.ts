import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type Outbound, type Relay, type RelayOutcome, TOPICS } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { createPayloadOpener, createPayloadSealer, generateIngestKey } from "@daybook/stream";
import { MemoryStream } from "@daybook/stream/testing";
import { runRelaying } from "../src/relay/relaying.ts";
import { SCOPE_KEY, setUp } from "./support/capture.ts";
import { scopeHash } from "../src/index.ts";

const CONTEXT = "daybook.outbound/0";
const logged: string[] = [];
const stdout = new PassThrough();
stdout.on("data", (chunk: Buffer) => logged.push(chunk.toString()));
const log = createLogger("capture", "debug", { stream: stdout });
const key = await generateIngestKey();
const sealer = createPayloadSealer({ publicKey: () => key.publicKey });
const opener = createPayloadOpener({ privateKey: () => key.privateKey });

/** A network that sends once by id, as a connector must. */
class Network implements Relay {
  readonly sent = new Map<string, Outbound>();
  readonly asked: string[] = [];
  /** What happens to the coming calls; undefined: they work. `kept`: sent, and the answer is lost. */
  readonly faults: ("lost" | "kept" | RelayOutcome)[] = [];
  has(account: string) {
    return account === "a1";
  }
  async conversation(_account: string, id: string) {
    return id === "c1" ? { id, title: "Ferry", kind: "group" as const } : undefined;
  }
  async send(message: Outbound): Promise<RelayOutcome> {
    this.asked.push(message.id);
    const fault = this.faults.shift();
    if (typeof fault === "object") return fault;
    if (fault !== "lost") this.sent.set(message.id, message);
    if (fault) throw new ConnectorError("stream-unavailable", "injected");
    return { state: "sent", networkId: `n-${message.id}` };
  }
}

let dir: string;
let rig: ReturnType<typeof setUp>;
let stream: MemoryStream;
let network: Network;
let reports: [string, RelayOutcome][];
let reportFaults: number;
let closed: number;
let stopping: AbortController;
let running: Promise<void>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-relaying-"));
  rig = setUp();
  stream = new MemoryStream();
  network = new Network();
  reports = [];
  reportFaults = 0;
  closed = 0;
});
afterEach(async () => {
  await stop();
  rig.remove();
  rmSync(dir, { recursive: true });
});

async function start() {
  stopping = new AbortController();
  const sink = await rig.newSink();
  running = runRelaying(
    {
      open: async () => ({ stream, close: () => Promise.resolve(void (closed += 1)) }),
      opener,
      context: CONTEXT,
      account: (on, name) =>
        on === "signal" && name === "a1"
          ? { network: on, method: "linked-device", relay: network, sink }
          : undefined,
      report: async (id, outcome) => {
        if (reportFaults-- > 0) throw new Error("injected: away");
        reports.push([id, outcome]);
      },
      positionFile: join(dir, "position"),
      log,
    },
    stopping.signal,
  );
  running.catch(() => undefined);
}

async function stop() {
  stopping.abort();
  await running.catch(() => undefined);
}

function uuid(n: number) {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

function message(n: number, over: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: uuid(n),
    network: "signal",
    account: "a1",
    custodian: { id: "cust", name: "Isla" },
    conversation: "c1",
    text: `text ${n}`,
    by: { id: "office", name: "Private office" },
    requestedAt: "2026-03-04T12:00:00.000Z",
    expiresAt: "2026-03-04T12:15:00.000Z",
    ...over,
  };
}

async function put(...messages: unknown[]) {
  for (const one of messages) {
    await stream.send(TOPICS.outbound, 0, [await sealer.seal(Buffer.from(JSON.stringify(one)), CONTEXT)]);
  }
}

async function until(done: () => boolean) {
  while (!done()) await sleep(5);
}

const states = () => rig.publisher.records.map(({ event }) => [event.relay?.id, event.relay?.state]);

describe("messages that somebody wrote in Daybook", () => {
  it("are on record before they are sent, in order, and what came of them is told", async () => {
    let recordedAtSending: unknown;
    const send = network.send.bind(network);
    network.send = async (one) => {
      recordedAtSending ??= states();
      return send(one);
    };
    await start();
    await put(message(1), message(2));
    await until(() => reports.length === 2);

    expect(recordedAtSending).toEqual([[uuid(1), "requested"]]);
    expect([...network.sent.keys()]).toEqual([uuid(1), uuid(2)]);
    expect(reports).toEqual([1, 2].map((n) => [uuid(n), { state: "sent", networkId: `n-${uuid(n)}` }]));
    const { event } = rig.publisher.records[0]!;
    expect(event).toMatchObject({
      kind: "notice",
      text: "text 1",
      conversation: { id: "c1", title: "Ferry", kind: "group" },
      sender: { id: "office" },
      custodian: { id: "cust" },
      relay: { state: "requested", by: { id: "office" } },
    });
  });

  it("that could not be sent are on record as that", async () => {
    network.faults.push({ state: "failed", code: "identity-changed", why: "a safety number is another" });
    await start();
    await put(message(1));
    await until(() => reports.length === 1);

    expect(states()).toEqual([
      [uuid(1), "requested"],
      [uuid(1), "failed"],
    ]);
    expect(rig.publisher.records[1]!.event.relay?.why).toBe("a safety number is another");
  });

  it("are asked for again when the answer is lost, whether they were sent or not", async () => {
    network.faults.push("kept", "lost");
    await start();
    await put(message(1));
    await until(() => reports.length === 1);

    expect(network.asked).toEqual([uuid(1), uuid(1), uuid(1)]);
    expect(network.sent.size).toBe(1);
  });

  it("are not sent while they cannot be recorded", async () => {
    rig.publisher.faults.push("lost", "lost");
    await start();
    await put(message(1));
    await until(() => rig.publisher.faults.length === 1);
    expect(network.asked).toEqual([]);
    await until(() => reports.length === 1);

    expect(states()[0]).toEqual([uuid(1), "requested"]);
  });

  it("of other processes' accounts, and what cannot be read, hold nothing up", async () => {
    await start();
    await stream.send(TOPICS.outbound, 0, [Buffer.from("not encrypted")]);
    await stream.send(TOPICS.outbound, 0, [await sealer.seal(Buffer.from("the minister said"), CONTEXT)]);
    await put({ v: 2, text: "the minister said" }, message(1, { account: "a2" }), message(2));
    await until(() => reports.length === 1);

    expect(network.asked).toEqual([uuid(2)]);
    expect(states()).toEqual([[uuid(2), "requested"]]);
    expect(logged.join("")).toContain("no form that is known");
    expect(logged.join("")).not.toContain("minister");
  });

  it("to a conversation that scope leaves out are neither recorded nor sent", async () => {
    rig.registry.rules = {
      version: 1,
      rules: [{ id: "r", effect: "exclude", conversation: scopeHash(SCOPE_KEY, "signal", "c1") }],
    };
    await start();
    await put(message(1));
    await until(() => reports.length === 1);

    expect(reports[0]![1]).toMatchObject({ state: "failed", code: "refused" });
    expect(network.asked).toEqual([]);
    expect(rig.publisher.records).toEqual([]);
  });

  it("are told of again until the gateway answers", async () => {
    reportFaults = 2;
    await start();
    await put(message(1));
    await until(() => reports.length === 1);

    expect(network.asked).toEqual([uuid(1)]);
  });

  it("are not dealt with again after a restart, but for what was under way", async () => {
    await start();
    await put(message(1));
    await until(() => reports.length === 1);
    await sleep(50);
    reportFaults = Infinity;
    await put(message(2));
    await until(() => network.asked.includes(uuid(2)));
    await stop();
    expect(closed).toBe(1);
    reportFaults = 0;
    await start();
    await until(() => reports.length === 2);

    expect(network.asked).toEqual([uuid(1), uuid(2), uuid(2)]);
    expect(reports.map(([id]) => id)).toEqual([uuid(1), uuid(2)]);
  });
});
