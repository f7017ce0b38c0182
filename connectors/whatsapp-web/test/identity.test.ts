import {
  chat,
  describeWithChromium,
  ME,
  numberChange,
  text,
} from "../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "./support/office.ts";

const GROUP = "120363000000000001@g.us";
const HIDDEN = "990002000@lid";

describeWithChromium("who is who in WhatsApp Web", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open();
    await office.link();
  });
  afterAll(() => office.close());

  const said = (words: string) => office.events.find((event) => event.text === words);
  const identities = () => office.sink.captured.filter(({ eventId }) => eventId.startsWith("identity:"));

  it("records once which number a hidden id has, when it becomes known", async () => {
    const { server } = office;
    server.deliver(text({ from: HIDDEN }, "from somebody"));
    await office.until(() => said("from somebody") !== undefined);
    expect(identities()).toEqual([]);
    server.introduce({ mapping: [[HIDDEN, FERGUS]] });
    for (const words of ["known now", "and still"]) server.deliver(text({ from: HIDDEN }, words));
    await office.until(() => said("and still") !== undefined);
    await office.restart();
    await office.live();

    expect(identities()).toHaveLength(1);
    expect(identities()[0]?.event).toMatchObject({ kind: "identity", account: ME.phone });
  });

  it("knows the account by its hidden id in a group", async () => {
    const { server } = office;
    server.deliver(chat({ id: GROUP, name: "Ferries" }));
    server.deliver(text({ chat: GROUP, from: ME.lid, fromMe: true, me: ME.lid }, "I will ask"));
    await office.until(() => said("I will ask") !== undefined);

    expect(said("I will ask")).toMatchObject({ direction: "outgoing", sender: { id: ME.phone } });
  });

  it("records that somebody has another number", async () => {
    office.server.deliver(numberChange({ from: FERGUS }, "15550009000@c.us"));
    await office.until(() => office.events.some(({ kind }) => kind === "identity"));

    expect(office.events.filter(({ kind }) => kind === "identity")).toHaveLength(1);
  });
});
