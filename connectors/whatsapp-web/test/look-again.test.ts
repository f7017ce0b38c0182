import {
  chat,
  describeWithChromium,
  edit,
  groupChange,
  type MessageEvent,
  revoke,
  text,
} from "../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "./support/office.ts";

const GROUP = "120363000000000001@g.us";
const BUSY = "15550003000@c.us";
const DUMB = "15550004000@c.us";
const QUIET = "15550005000@c.us";
const DAY_MS = 86_400_000;

describeWithChromium("what is found by looking again", () => {
  let office: Office;
  /** How much later it is than the machine says. */
  let lateMs = 0;
  beforeAll(async () => {
    office = await Office.open({
      lookEveryMs: 500,
      historyMs: 1_500,
      now: () => new Date(Date.now() + lateMs),
    });
    office.server.remember([
      text({ from: FERGUS, t: Math.floor(Date.now() / 1_000) - 60 }, "before the link"),
    ]);
    await office.link();
  });
  afterAll(() => office.close());

  const hears = async (message: MessageEvent) => {
    office.server.deliver(message);
    await office.until(() => office.texts.includes(message.message.body));
  };
  const ofMessage = (message: MessageEvent) =>
    office.events.filter(
      ({ networkId, target }) => networkId === message.message.id.id || target === message.message.id.id,
    );

  it("is what no hook heard, group notices included, and nothing of before the link", async () => {
    const unheard = Array.from({ length: 30 }, (_, n) => text({ from: FERGUS }, `unheard ${n}`));
    office.server.remember([
      ...unheard,
      groupChange({ chat: GROUP, from: FERGUS }, "leave", { recipients: [FERGUS] }),
    ]);
    await hears(text({ from: FERGUS }, "heard"));
    await office.restart();
    await office.until(
      () => office.texts.includes("unheard 29") && office.events.some(({ kind }) => kind === "membership"),
    );
    await office.live();

    expect(office.texts.filter((said) => said?.startsWith("unheard"))).toEqual(
      unheard.map(({ message }) => message.body),
    );
    expect(office.texts).not.toContain("before the link");
    expect(office.gaps).toEqual([]);
  });

  it("is found hourly too, without a restart", async () => {
    office.server.remember([text({ from: QUIET }, "unheard in the hour")]);
    office.server.deliver(chat({ id: QUIET, t: Math.floor(Date.now() / 1_000) }));
    await office.until(() => office.texts.includes("unheard in the hour"));
  });

  it("is an edit of a message that the page had forgotten", async () => {
    const message = text({ from: FERGUS }, "forgotten");
    await hears(message);
    office.server.forget(message);
    office.server.deliver(edit(message, "remembered"));
    await office.until(() => ofMessage(message).some(({ kind }) => kind === "edit"));

    expect(ofMessage(message).map(({ text: said }) => said)).toEqual(
      expect.arrayContaining(["forgotten", "remembered"]),
    );
  });

  it("is a gap where more came than is looked through, and says from when to when", async () => {
    const many = Array.from({ length: 1_300 }, (_, n) => text({ from: BUSY }, `busy ${n}`));
    const before = office.gaps.length;
    await office.restart(() => office.server.remember(many));
    await office.until(() => office.gaps.length > before);
    await office.live();
    const found = office.texts.filter((said) => said?.startsWith("busy "));

    expect(office.gaps.at(-1)?.about).toBe(BUSY);
    expect(office.gaps.at(-1)?.why).toContain("More than 1000 messages");
    const { from = "", to = "" } = office.gaps.at(-1) ?? {};
    expect(Date.parse(from)).toBeLessThan(Date.parse(to));
    expect(found).toHaveLength(1_000);
    expect(found).toEqual(many.slice(-1_000).map(({ message }) => message.body));
  });

  it("is a gap for a chat that the page cannot show, and other chats go on", async () => {
    await hears(text({ from: DUMB }, "one more"));
    const before = office.gaps.length;
    await office.restart(() => {
      office.server.behaviour.answersHistory = false;
    });
    await office.until(() => office.gaps.slice(before).some(({ about }) => about === DUMB));
    await office.live();
    office.server.behaviour.answersHistory = true;
    const gap = office.gaps.slice(before).find(({ about }) => about === DUMB);
    await hears(text({ from: DUMB }, "still heard"));

    expect(gap?.why).toContain("could not show this chat");
    expect(office.gaps.slice(before).some(({ about }) => about === FERGUS)).toBe(true);
  });

  it("is an edit and a delete of while it was down, a day later", async () => {
    const [kept, changed, gone] = ["kept", "draft", "a secret"].map((body) => text({ from: FERGUS }, body));
    for (const message of [kept!, changed!, gone!]) await hears(message);
    await office.restart(() => {
      lateMs += DAY_MS;
      office.server.deliver(edit(changed!, "final"));
      office.server.deliver(revoke(gone!));
    });
    await office.until(() => ofMessage(gone!).some(({ kind }) => kind === "delete"));
    await office.live();

    expect(ofMessage(kept!).map(({ kind }) => kind)).toEqual(["message"]);
    expect(ofMessage(changed!)).toMatchObject([
      { kind: "message", text: "draft" },
      { kind: "edit", text: "final" },
      { kind: "notice" },
    ]);
    expect(ofMessage(gone!)).toMatchObject([{ kind: "message", text: "a secret" }, { kind: "delete" }]);
  });
});
