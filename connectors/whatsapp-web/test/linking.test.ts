import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LinkStep } from "@daybook/contract";
import { describeWithChromium, ME, text } from "../../../test/fakes/whatsapp-web/index.ts";
import { AccountFiles } from "../src/account/account-files.ts";
import { FERGUS, KEY, Office, silent } from "./support/office.ts";

const ANGUS = { id: "angus", name: "Angus Reid" };

describeWithChromium("linking a phone to WhatsApp Web", (chromium) => {
  let office: Office;
  afterEach(() => office.close());

  const kept = () => readdirSync(join(office.dir, "kept"));
  const running = () => readdirSync(join(office.dir, "running"));
  /** Processes that were told to work in this office's folders. */
  const processes = () =>
    readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(office.dir));
  /** What is killed is there for a moment yet. */
  async function gone(): Promise<void> {
    while (processes().length > 0) await sleep(10);
  }
  const gapsOfLinks = () =>
    office.sink.captured
      .filter(({ eventId }) => eventId.startsWith("before-link:"))
      .map(({ event }) => event.gap);

  it("shows each new code, and is linked by the newest", async () => {
    office = await Office.open();
    const { server } = office;
    const steps: LinkStep[] = [];
    for await (const step of office.linking()) {
      steps.push(step);
      const codes = steps.filter((one) => one.step === "show");
      if (step.step !== "show") continue;
      expect(step.expiresAt.getTime()).toBeGreaterThan(Date.now());
      if (codes.length === 1) server.rotateQr();
      else if (codes.length === 2) server.idleQr();
      else server.scan(step.url);
    }
    await office.live();

    expect(steps.map(({ step }) => step)).toEqual(["show", "show", "show", "linking", "linked"]);
    expect(new Set(steps.map((one) => (one.step === "show" ? one.url : one.step))).size).toBe(5);
    expect(steps.at(-1)).toEqual({ step: "linked", account: ME.phone, again: false });
    expect(gapsOfLinks()).toEqual([
      { to: office.health?.link?.since.toISOString(), why: expect.stringContaining("starts here") as string },
    ]);
  });

  it("leaves nothing behind when it is given up", async () => {
    office = await Office.open();
    const given = new AbortController();
    const steps = office.linking(given.signal)[Symbol.asyncIterator]();
    await steps.next();
    expect(processes()).not.toEqual([]);
    given.abort();

    await expect(steps.next()).rejects.toMatchObject({ name: "AbortError" });
    await gone();
    expect([...kept(), ...running()]).toEqual([]);
  });

  it("ends with the run that it is of", async () => {
    office = await Office.open();
    const steps = office.linking(new AbortController().signal)[Symbol.asyncIterator]();
    await steps.next();
    await office.stop();

    await expect(steps.next()).rejects.toMatchObject({ name: "AbortError" });
    await gone();
  });

  it("goes on with an account that is linked again, by whoever does", async () => {
    office = await Office.open();
    const { server } = office;
    await office.link();
    server.deliver(text({ from: FERGUS }, "to the old link"));
    await office.until(() => office.texts.length === 1);
    let last: LinkStep | undefined;
    for await (const step of office.web.linker.link(ANGUS, new AbortController().signal)) {
      last = step;
      if (step.step === "show") server.scan(step.url);
    }
    await office.live();
    server.deliver(text({ from: FERGUS }, "to the new link"));
    await office.until(() => office.texts.length === 2);

    expect(last).toEqual({ step: "linked", account: ME.phone, again: true });
    expect(office.web.health()).toHaveLength(1);
    expect(office.health).toMatchObject({ status: "live", custodian: ANGUS, account: ME.phone });
    const { since, heardUntil } = office.health!.link!;
    expect(gapsOfLinks().at(-1)).toMatchObject({ from: heardUntil!.toISOString(), to: since.toISOString() });
    expect(office.texts).toEqual(["to the old link", "to the new link"]);
    expect(office.events.at(-1)).toMatchObject({ account: ME.phone, custodian: ANGUS });
  });

  it("takes in two links of one account one after another", async () => {
    office = await Office.open();
    const { server } = office;
    const codes: string[] = [];
    const link = async (): Promise<LinkStep | undefined> => {
      let last: LinkStep | undefined;
      for await (const step of office.linking()) {
        last = step;
        if (step.step === "show") codes.push(step.url);
        if (codes.length < 2) continue;
        const [one = "", other = ""] = codes.splice(0);
        server.scan(one);
        await server.online();
        server.scan(other);
      }
      return last;
    };
    const linked = await Promise.all([link(), link()]);

    expect(linked).toEqual(
      expect.arrayContaining([
        { step: "linked", account: ME.phone, again: false },
        { step: "linked", account: ME.phone, again: true },
      ]),
    );
    expect(office.web.health()).toHaveLength(1);
    expect(kept().filter((name) => name.includes("unreadable"))).toEqual([]);
  });

  it.each([
    { left: "the account alone", gone: ".session", status: "unlinked" },
    { left: "the session alone", gone: ".account", status: undefined },
  ])("is linked again where a crash left $left", async ({ gone, status }) => {
    office = await Office.open();
    await office.link();
    await office.restart(() => {
      for (const name of kept().filter((one) => one.includes(gone))) rmSync(join(office.dir, "kept", name));
    });
    if (status) await office.until(() => office.health?.status === status);
    await office.link();
    office.server.deliver(text({ from: FERGUS }, "to the new link"));
    await office.until(() => office.texts.includes("to the new link"));
  });

  it("sets a file aside that cannot be read, and none that another process has", async () => {
    office = await Office.open();
    await office.link();
    const account = () => kept().find((name) => name.endsWith(".account"))!;
    const files = new AccountFiles({
      ...{ dir: join(office.dir, "kept"), key: KEY, log: silent },
      now: () => new Date(),
    });
    await office.stop();
    const held = files.open(account().slice(0, -".account".length));
    await office.restart();
    await expect(office.link()).rejects.toMatchObject({
      code: "link-refused",
      message: expect.stringContaining("another process") as string,
    });
    expect(office.web.health()).toEqual([]);
    held.close();
    await office.restart(() => writeFileSync(join(office.dir, "kept", account()), "damaged"));
    await office.link();

    expect(kept().filter((name) => name.includes(".unreadable"))).toHaveLength(1);
    expect(office.health?.status).toBe("live");
  });

  it("says in one line that Chromium has gone", async () => {
    const path = join(process.env.TMPDIR ?? "/tmp", `daybook-chromium-${process.pid}`);
    symlinkSync(chromium, path);
    office = await Office.open({ chromium: path });
    const given = new AbortController();
    await office.linking(given.signal)[Symbol.asyncIterator]().next();
    given.abort();
    rmSync(path);
    await expect(office.link()).rejects.toMatchObject({
      code: "link-refused",
      message: expect.stringContaining("apt-get install chromium") as string,
    });
  });

  it("says what stands in the way of a code", async () => {
    office = await Office.open();
    const { behaviour } = office.server;
    behaviour.accepts = false;
    await expect(office.link()).rejects.toMatchObject({ code: "network-unavailable" });
    behaviour.accepts = true;
    behaviour.without = ["WAWebAdvSignatureApi"];
    await expect(office.link()).rejects.toMatchObject({
      code: "link-refused",
      message: expect.stringContaining("WAWebAdvSignatureApi") as string,
    });
    expect(running()).toEqual([]);
  });
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
