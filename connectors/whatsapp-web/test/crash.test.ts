import { setTimeout as sleep } from "node:timers/promises";
import {
  describeWithChromium,
  edit,
  type MessageEvent,
  text,
} from "../../../test/fakes/whatsapp-web/index.ts";
import { Capturer } from "./support/capturer.ts";
import { FERGUS, Office } from "./support/office.ts";
import { processesIn, sessionsOf, signalAll } from "./support/processes.ts";

const MESSAGES = 2_000;
const KILLS = 8;
const EDITED_EVERY = 20;
const AT_A_TIME = 10;

describeWithChromium("The connector, killed", () => {
  let office: Office;
  let capturer: Capturer;
  beforeEach(async () => {
    stop = new AbortController();
    office = await Office.open();
    await office.link();
    await office.stop();
    capturer = new Capturer(office);
  });
  afterEach(async () => {
    // Whatever a test that failed still waits for.
    stop.abort();
    await capturer.kill();
    while (running().all.length > 0) await sleep(50);
    await office.close();
  });

  const running = () => processesIn(`${office.dir}/`);
  let stop: AbortController;
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(50, undefined, { signal: stop.signal });
  };
  /** What it started does not outlive it. */
  const nothingRuns = () => until(() => running().all.length === 0);

  const victims: readonly (readonly [string, () => number[]])[] = [
    ["the connector", () => [capturer.pid]],
    ["the session's process", () => sessionsOf(capturer.pid)],
    ["the browser", () => running().browsers],
    ["the renderers", () => running().renderers],
  ];

  it("anywhere, at random, keeps each of 2,000 messages as one record, and each edit or an honest gap", async () => {
    const said = Array.from({ length: MESSAGES }, (_, n) => text({ from: FERGUS }, `message ${n}`));
    const edited = said.filter((_, n) => n % EDITED_EVERY === 0);
    let sent = 0;
    let kills = 0;
    const saying = (async () => {
      // Each blow has a share of the messages, said while it is waited for, struck and come back from.
      while (sent < MESSAGES) {
        if (sent > (MESSAGES / KILLS) * (kills + 1)) {
          await sleep(20, undefined, { signal: stop.signal });
          continue;
        }
        const batch = said.slice(sent, sent + AT_A_TIME);
        office.server.deliverMany(batch);
        office.server.deliverMany(
          batch.filter((one) => edited.includes(one)).map((one) => edit(one, `edited ${one.message.body}`)),
        );
        sent += batch.length;
        await sleep(20, undefined, { signal: stop.signal });
      }
    })();
    saying.catch(() => undefined);
    for (; kills < KILLS; kills += 1) {
      const [name, pids] = victims[kills % victims.length]!;
      if (capturer.isOver) capturer.start();
      await until(() => pids().length > 0);
      // While it starts, while it looks through what came, or while it is live.
      await Promise.race([until(() => capturer.status === "live"), sleep(Math.random() * 6_000)]);
      await sleep(Math.random() * 300);
      let found: number[] = [];
      await until(() => (found = pids()).length > 0);
      signalAll(found, "SIGKILL");
      if (name !== "the connector") continue;
      await capturer.ended();
      await nothingRuns();
    }
    if (capturer.isOver) capturer.start();
    await saying;
    const of = (kind: string) => capturer.records.filter((one) => one.kind === kind);
    const ids = (kind: string) => of(kind).map(({ about }) => about);
    const isTold = () => {
      const [messages, edits, gaps] = [ids("message"), ids("edit"), ids("gap")].map((all) => new Set(all));
      return (
        said.every(({ message: { id } }) => messages!.has(id.id)) &&
        edited.every(({ message: { id } }) => edits!.has(id.id) || gaps!.has(id.id))
      );
    };
    await until(() => capturer.status === "live" && isTold());

    expect(ids("message").toSorted()).toEqual(said.map(({ message: { id } }) => id.id).toSorted());
    const texts = new Map(of("message").map((one) => [one.about, one.text]));
    for (const { message } of said) {
      const isGap = ids("gap").includes(message.id.id);
      expect(texts.get(message.id.id)).toBe(isGap ? `edited ${message.body}` : message.body);
    }
  }, 600_000);

  it("takes nothing out of the page's queue that was not durable", async () => {
    capturer.fault = "lost";
    capturer.start();
    await until(() => capturer.status === "live");
    office.server.deliverMany(Array.from({ length: 50 }, (_, n) => text({ from: FERGUS }, `message ${n}`)));
    await office.server.received();
    await until(() => capturer.isHolding);
    signalAll(sessionsOf(capturer.pid), "SIGKILL");
    await capturer.kill();
    await nothingRuns();
    expect(capturer.records).toEqual([]);
    capturer.fault = undefined;
    capturer.start();
    await until(() => capturer.records.length >= 50);

    expect(capturer.records.map(({ text: said }) => said)).toEqual(
      Array.from({ length: 50 }, (_, n) => `message ${n}`),
    );
  }, 120_000);

  it.each<[string, (said: MessageEvent) => unknown]>([
    ["was heard", (said) => office.server.deliver(said)],
    ["was found by looking again", (said) => office.server.remember([said])],
  ])(
    "between durable and remembered, has one record of a message that %s, and its edit",
    async (_, say) => {
      const said = text({ from: FERGUS }, "draft");
      capturer.fault = "kept";
      say(said);
      capturer.start();
      await until(() => capturer.isHolding);
      signalAll(sessionsOf(capturer.pid), "SIGKILL");
      await capturer.kill();
      await nothingRuns();
      expect(capturer.records).toMatchObject([{ kind: "message", text: "draft" }]);
      office.server.deliver(edit(said, "final"));
      capturer.fault = undefined;
      capturer.start();
      await until(() => capturer.status === "live");

      expect(capturer.records).toMatchObject([
        { kind: "message", text: "draft" },
        { kind: "edit", text: "final" },
        { kind: "notice", text: expect.stringContaining("seen when looking again") as unknown },
      ]);
    },
    120_000,
  );
});
