import { setTimeout as sleep } from "node:timers/promises";
import { describeWithChromium, text } from "../../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "../support/office.ts";

// Each is one by which whatsapp-web.js never says that it is ready, or says so in a way that nobody hears.

describeWithChromium("a WhatsApp Web that does not start", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open({ loadMs: 6_000, heldMs: 300, restartWaits: { firstMs: 100, mostMs: 300 } });
    await office.link();
  });
  afterAll(() => office.close());

  const VERSION = "2.3000.1099999999";
  /** Sessions that were started, by the pages that were asked for. */
  const starts = () => office.server.requests.filter((path) => path === "/").length;
  const startedAgain = async (times = 2) => {
    const before = starts();
    await office.until(() => starts() >= before + times);
  };
  const says = (body: string) => office.server.deliver(text({ from: FERGUS }, body));
  const recovers = async (body: string) => {
    says(body);
    await office.live();
    await office.until(() => office.texts.includes(body));
    expect(office.texts.filter((said) => said === body)).toHaveLength(1);
    expect(office.health).toMatchObject({ status: "live", alerts: [] });
    expect(office.health?.problem).toBeUndefined();
  };

  it("is live where WhatsApp has synced before the library listens", async () => {
    await office.restart(() => (office.server.behaviour.syncedEarly = true));
    await recovers("synced early");

    office.server.behaviour.syncedEarly = false;
  });

  it.each([
    ["that linking needs", "WAWebOfflineHandler"],
    ["without which it is never ready", "WAWebSyncGatingUtils"],
    ["of reactions", "WAWebAddonReactionTableMode"],
    ["of votes", "WAWebAddonPollVoteTableMode"],
    ["of messages", "WAWebCollections"],
  ])("names a module %s that is not there, and goes on when it is", async (_, module) => {
    await office.restart(() => (office.server.behaviour.without = [module]));
    await office.until(() => office.health?.status === "unsupported");

    expect(office.health?.alerts).toEqual(["unsupported"]);
    expect(office.health?.problem).toContain(`unsupported by WhatsApp Web version ${VERSION}`);
    expect(office.health?.problem).toContain(module);
    await startedAgain(1);
    office.server.behaviour.without = [];
    await recovers(`with ${module} again`);
  });

  it("tries again where nothing listens", async () => {
    await office.restart(() => (office.server.behaviour.accepts = false));
    await office.until(() => office.statuses.filter((said) => said === "backing-off").length >= 2);

    expect(office.health?.problem).toContain("WhatsApp Web did not load in time");
    office.server.behaviour.accepts = true;
    await recovers("somebody listens");
  });

  it("tries again where no such name is", async () => {
    const { chromiumArgs } = office.server;
    const before = office.statuses.length;
    await office.restart(undefined, { chromiumArgs: ["--host-resolver-rules=MAP * ~NOTFOUND"] });
    await office.until(
      () => office.statuses.slice(before).filter((said) => said === "backing-off").length >= 2,
    );
    expect(office.health?.status).not.toBe("live");

    await office.restart(undefined, { chromiumArgs });
    await recovers("the name is known");
  });

  it("gives up a page that never answers, and tries again", async () => {
    await office.restart(() => (office.server.behaviour.answersPage = false));
    await startedAgain();

    expect(office.health?.problem ?? "").not.toContain("unsupported");
    office.server.behaviour.answersPage = true;
    await recovers("it answers");
  });

  it("gives up a page without a version, and tries again", async () => {
    await office.restart(() => (office.server.behaviour.version = undefined));
    await startedAgain();

    office.server.behaviour.version = VERSION;
    await recovers("it has a version");
  });

  it("waits for a sync that takes its time, and takes nothing for live until then", async () => {
    await office.restart(() => (office.server.behaviour.holdsSync = true));
    says("before it synced");
    await office.until(() => office.texts.includes("before it synced"));
    await sleep(1_000);
    expect(office.health?.status).not.toBe("live");

    office.server.behaviour.holdsSync = false;
    office.server.sync();
    await recovers("it synced");
  });
});
