import { setTimeout as sleep } from "node:timers/promises";
import { describeWithChromium, edit, revoke, text } from "../../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "../support/office.ts";
import { processesIn, signalAll } from "../support/processes.ts";

const WATCH_MS = 2_000;
const HOUR_MS = 3_600_000;

// None of these is told by any event of whatsapp-web.js, or is told again and again.

describeWithChromium("an outage of a session", () => {
  let office: Office;
  /** How much later it is than the machine says. */
  let lateMs = 0;
  beforeAll(async () => {
    office = await Office.open({
      watchMs: WATCH_MS,
      now: () => new Date(Date.now() + lateMs),
    });
    await office.link();
  });
  afterAll(() => office.close());

  const says = (body: string) => office.server.deliver(text({ from: FERGUS }, body));
  const hears = async (body: string) => {
    says(body);
    await office.until(() => office.texts.includes(body));
    await office.live();
  };
  const sessionDir = () => `${office.dir}/running`;
  const statusesAfter = async (outage: () => unknown) => {
    const before = office.statuses.length;
    await outage();
    await office.until(() => office.statuses.slice(before).includes("live"));
    return office.statuses.slice(before);
  };
  const browser = () => processesIn(sessionDir()).browsers.join();

  it("is over once the line is back, with what was said meanwhile", async () => {
    const statuses = await statusesAfter(async () => {
      office.server.behaviour.accepts = false;
      office.server.dropLine();
      await office.until(() => office.health?.status === "connecting");
      says("while the line was down");
      office.server.behaviour.accepts = true;
    });

    expect(statuses).not.toContain("backing-off");
    expect(office.texts).toContain("while the line was down");
  });

  it("does not come of a page that loads itself anew", async () => {
    const before = browser();
    for (const n of [1, 2, 3]) {
      const statuses = await statusesAfter(() => {
        says(`before reload ${n}`);
        office.server.reloadPage();
        says(`during reload ${n}`);
      });
      expect(statuses).not.toContain("backing-off");
    }
    await hears("after the reloads");

    expect(browser()).toBe(before);
    expect(office.texts.filter((said) => said?.includes(" reload "))).toHaveLength(6);
  });

  it("ends a session whose page is without a version after it loads itself anew", async () => {
    const { version } = office.server.behaviour;
    const before = office.statuses.length;
    office.server.behaviour.version = undefined;
    office.server.reloadPage();
    await office.until(() => office.statuses.slice(before).includes("connecting"));
    says("without a version");
    await sleep(500);
    office.server.behaviour.version = version;
    office.server.reloadPage();
    await hears("with a version");

    expect(office.texts).toContain("without a version");
  });

  it("does not come of a sync that is said again, or of frames; and nothing is recorded twice", async () => {
    for (let n = 0; n < 3; n += 1) office.server.addIframe();
    await sleep(500);
    for (let n = 0; n < 3; n += 1) office.server.resync();
    const before = office.records.length;
    const said = says("heard once");
    office.server.deliver(edit(said, "edited once"));
    office.server.deliver(revoke(said));
    await office.until(() => office.records.slice(before).some(({ event }) => event.kind === "delete"));
    await sleep(500);

    const kinds = office.records.slice(before).map(({ event }) => event.kind);
    expect(kinds.filter((kind) => kind !== "coverage")).toEqual(["message", "edit", "delete"]);
    expect(office.health?.status).toBe("live");
  });

  it.each([
    ["the browser is killed", () => processesIn(sessionDir()).browsers, "SIGKILL"],
    ["the page crashes", () => processesIn(sessionDir()).renderers, "SIGKILL"],
    ["the page hangs", () => processesIn(sessionDir()).renderers, "SIGSTOP"],
    ["the browser hangs", () => processesIn(sessionDir()).browsers, "SIGSTOP"],
  ] as const)("is ended and started again when %s", async (outage, pids, signal) => {
    const before = browser();
    const statuses = await statusesAfter(async () => {
      says(`right before ${outage}`);
      signalAll(pids(), signal);
      await office.until(() => office.health?.status === "backing-off");
      says(`after ${outage}`);
    });
    await office.until(() => office.texts.includes(`after ${outage}`));

    expect(statuses).toContain("backing-off");
    expect(office.texts).toContain(`right before ${outage}`);
    expect(browser()).not.toBe(before);
  });

  it("is what a browser over its memory gets, and nothing is lost", async () => {
    await office.restart(undefined, { memoryMiB: 50, watchMs: 1_000 });
    await office.until(() => office.health?.problem?.includes("over its memory") === true);
    says("while it grew");
    await office.until(() => office.statuses.at(-1) !== "backing-off");
    await office.restart(undefined, { memoryMiB: 1_536, watchMs: WATCH_MS });
    await hears("within its memory");

    expect(office.texts).toContain("while it grew");
  });

  it("comes at the quiet hour, in good order", async () => {
    const hour = (new Date(Date.now() + lateMs).getUTCHours() + 2) % 24;
    await office.restart(undefined, { quietHour: hour });
    await hears("in the evening");
    const before = browser();
    const statuses = await statusesAfter(async () => {
      lateMs += 2 * HOUR_MS;
      await office.until(() => office.health?.status !== "live");
      says("in the quiet hour");
    });

    expect(statuses).not.toContain("backing-off");
    expect(browser()).not.toBe(before);
    await office.until(() => office.texts.includes("in the quiet hour"));
  });
});
