import { setTimeout as sleep } from "node:timers/promises";
import type { LinkStep } from "@daybook/contract";
import { describeWithChromium, text } from "../../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "../support/office.ts";

describeWithChromium("a link that WhatsApp ends or holds", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open({ heldMs: 300 });
    await office.link();
  });
  afterAll(() => office.close());

  const says = (body: string) => office.server.deliver(text({ from: FERGUS }, body));
  const pages = () => office.server.requests.filter((path) => path.split("?")[0] === "/").length;
  const unlinked = () => office.until(() => office.health?.status === "unlinked");
  /** Nothing starts what only a person can start. */
  const staysUnlinked = async () => {
    const before = pages();
    await sleep(2_000);
    expect(pages()).toBe(before);
    expect(office.health).toMatchObject({ status: "unlinked", alerts: ["unlinked"] });
    expect(office.health?.problem).toContain("link the phone again");
  };

  it.each([
    ["CONFLICT", "displaced", "is open with this link elsewhere"],
    ["TOS_BLOCK", "blocked", "TOS_BLOCK"],
    ["SMB_TOS_BLOCK", "blocked", "SMB_TOS_BLOCK"],
    ["PROXYBLOCK", "blocked", "PROXYBLOCK"],
    ["DEPRECATED_VERSION", "blocked", "DEPRECATED_VERSION"],
    ["UNLAUNCHED", "backing-off", "UNLAUNCHED"],
  ])(
    "takes %s for a pause, with a word for the operator, and takes nothing over",
    async (state, status, word) => {
      let problem: string | undefined;
      const before = office.statuses.length;
      office.server.setState(state);
      await office.until(() => {
        if (office.health?.status === status) problem = office.health.problem;
        return problem !== undefined;
      });
      says(`during ${state}`);
      await office.until(() => office.statuses.slice(before).includes("live"));
      await office.until(() => office.texts.includes(`during ${state}`));

      expect(problem).toContain(word);
      expect(office.health?.problem).toBeUndefined();
    },
  );

  it("is unlinked once the phone ends it, with what was heard before recorded", async () => {
    says("the last words");
    office.server.logOut();
    await unlinked();

    expect(office.texts).toContain("the last words");
    await staysUnlinked();
  });

  it("is linked again by the phone, and says what it may have missed", async () => {
    const steps = await office.link();
    says("the first words again");
    await office.until(() => office.texts.includes("the first words again"));

    expect(steps.at(-1)).toMatchObject({ step: "linked", again: true });
    const gaps = office.records.filter(({ eventId }) => eventId.startsWith("before-link:"));
    expect(gaps).toHaveLength(2);
    const { from = "", to = "" } = gaps[1]?.event.gap ?? {};
    expect(Date.parse(from)).toBeGreaterThan(Date.parse(gaps[0]?.event.gap?.to ?? ""));
    expect(Date.parse(to)).toBeGreaterThanOrEqual(Date.parse(from));
  });

  it.each(["unpaired", "logout"] as const)(
    "is unlinked where the phone ended it while it was down (%s), until it is linked again",
    async (endedSession) => {
      office.server.behaviour.endedSession = endedSession;
      await office.restart(() => office.server.logOut());
      await unlinked();
      await staysUnlinked();
      await office.restart();
      await unlinked();
      await staysUnlinked();

      await office.link();
      says(`linked after ${endedSession}`);
      await office.until(() => office.texts.includes(`linked after ${endedSession}`));
    },
  );

  it("is the account's still when a second link is begun and given up", async () => {
    const giving = new AbortController();
    const steps: LinkStep[] = [];
    await expect(
      (async () => {
        for await (const step of office.linking(giving.signal)) {
          steps.push(step);
          giving.abort();
        }
      })(),
    ).rejects.toThrow();
    says("after a link that was given up");
    await office.until(() => office.texts.includes("after a link that was given up"));

    expect(steps).toMatchObject([{ step: "show" }]);
    expect(office.health?.status).toBe("live");
  });
});

describeWithChromium("the codes of a link", () => {
  let office: Office;
  beforeEach(async () => {
    office = await Office.open();
  });
  afterEach(() => office.close());

  /** Does something at each code that is shown, until the phone is linked. */
  const link = async (at: readonly ((url: string) => void)[]) => {
    const urls: string[] = [];
    for await (const step of office.linking()) {
      if (step.step !== "show") continue;
      at[urls.length]?.(step.url);
      urls.push(step.url);
    }
    return urls;
  };

  it("change, and the last one is good", async () => {
    const rotate = () => office.server.rotateQr();
    const urls = await link([rotate, rotate, (url) => office.server.scan(url)]);
    await office.live();

    expect(new Set(urls).size).toBe(3);
  });

  it("are asked for again when WhatsApp has stopped to make them", async () => {
    const urls = await link([() => office.server.idleQr(), (url) => office.server.scan(url)]);
    await office.live();

    expect(new Set(urls).size).toBe(2);
  });

  it("are refused in words where WhatsApp Web is not as it was", async () => {
    office.server.behaviour.without = ["WAWebOfflineHandler"];
    await expect(link([])).rejects.toThrow("WAWebOfflineHandler");
    office.server.behaviour.without = ["WAWebSyncGatingUtils"];
    await expect(link([(url) => office.server.scan(url)])).rejects.toThrow("WAWebSyncGatingUtils");
  });
});
