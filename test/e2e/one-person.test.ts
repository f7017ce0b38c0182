import { join } from "node:path";
import { jest } from "@jest/globals";
import { ChatDb, FERGUS } from "../fakes/imessage/index.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(240_000);

const OLIVIA = "Olivia Sinclair";
const MAIL = [
  "From: Fergus Reid <Fergus.Reid@harbour.example>",
  "To: olivia@ministry.example",
  "Date: Thu, 5 Mar 2026 09:00:00 +0000",
  "Message-ID: <pier-1@harbour.example>",
  "Subject: The pier",
  "",
  "The ferry, by mail.",
  "",
].join("\r\n");

interface Found {
  readonly total: number;
  readonly results: readonly { network: string; text: string }[];
}

const daybook = new Daybook();
beforeAll(() => daybook.up());
afterAll(() => daybook.remove());

/** A Mac's folder: Fergus by iMessage and, as text messages, before and after his number was another's. */
function writeMac(): string {
  const dir = join(daybook.dir, "Messages");
  const db = new ChatDb(dir);
  const chatOf = (service: "iMessage" | "SMS") => {
    const from = db.handle(FERGUS, service);
    return { chat: db.chat(FERGUS, [from], { service }), from, more: { service } };
  };
  const say = (name: string, day: string, text: string, at: ReturnType<typeof chatOf>) =>
    db.message({ ...at, at: new Date(`${day}T09:00:00Z`), name, runs: [{ text }] });
  const texts = chatOf("SMS");
  say("i", "2026-03-03", "The ferry, by iMessage.", chatOf("iMessage"));
  say("s", "2026-03-04", "The ferry, by text.", texts);
  say("o", "2026-09-01", "The ferry, by whose number it is now.", texts);
  db.close();
  return dir;
}

it("finds an official and a correspondent each as one person, over every network, in one search", async () => {
  const whatsapp = daybook.write(
    "WhatsApp Chat with +44 7700 900002.txt",
    "13/02/2026, 10:01 - +44 7700 900002: The ferry, by WhatsApp.\n",
  );
  for (const file of [whatsapp, writeMac(), daybook.write("pier.eml", MAIL)])
    await daybook.json(["import", file, "--custodian", OLIVIA]);

  const { custodians } = await daybook.json<{ custodians: { name: string }[] }>(["custodian", "list"]);
  expect(custodians.map(({ name }) => name)).toEqual([OLIVIA]);
  const { id: matter } = await daybook.json<{ id: string }>(
    "matter open --title Ferry --kind foi".split(" "),
  );
  const search = (...by: string[]) => daybook.json<Found>(["search", "ferry", ...by, "--matter", matter]);
  await until("all five", async () => (await search("--custodian", OLIVIA)).total === 5);
  const networks = (await search("--custodian", OLIVIA)).results.map(({ network }) => network);
  expect(new Set(networks)).toEqual(new Set(["whatsapp", "imessage", "sms", "email"]));

  const { id: fergus } = await daybook.json<{ id: string }>([
    ...["participant", "add", "Fergus Reid", "--reason", "he asked under FOI 12"],
  ]);
  const identify = (network: string, identifier: string, ...span: string[]) =>
    daybook.json([
      ...["participant", "identify", fergus, "--network", network, "--identifier", identifier],
      ...["--reason", "his letter of 2 March", ...span],
    ]);
  await identify("whatsapp", "+44 7700 900002");
  await identify("imessage", FERGUS);
  await identify("sms", FERGUS, "--to", "2026-07-01");
  await identify("email", "fergus.reid@harbour.example");

  const { results } = await search("--participant", "Fergus Reid");
  expect(results.map(({ network, text }) => `${network}: ${text.split("\n").at(-1)}`)).toEqual([
    "email: The ferry, by mail.",
    "sms: The ferry, by text.",
    "imessage: The ferry, by iMessage.",
    "whatsapp: The ferry, by WhatsApp.",
  ]);
});
