import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { ChatDb, FERGUS } from "../fakes/imessage/index.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(240_000);

const OLIVIA = "Olivia Sinclair";
const FERGUS_MAIL = "Fergus Reid <Fergus.Reid@harbour.example>";
const OLIVIA_MAIL = "Olivia Sinclair <olivia@ministry.example>";

function mail(id: string, headers: readonly string[], text: string): string {
  const of = [
    "Date: Thu, 5 Mar 2026 09:00:00 +0000",
    `Message-ID: <${id}@harbour.example>`,
    `Subject: Pier ${id}`,
  ];
  return [...headers, ...of, "", text, ""].join("\r\n");
}
const MAILS = {
  "1.eml": mail("1", [`From: ${FERGUS_MAIL}`, `To: ${OLIVIA_MAIL}`], "The ferry, by mail."),
  "2.eml": mail(
    "2",
    [`From: ${OLIVIA_MAIL}`, "To: office@harbour.example", `Cc: ${FERGUS_MAIL}`],
    "The ferry answered, by mail.",
  ),
  "3.eml": mail("3", [`From: ${OLIVIA_MAIL}`, "To: office@harbour.example"], "The ferry, to others."),
};

interface Found {
  readonly total: number;
  readonly results: readonly { network: string; text: string }[];
  readonly unconfirmed: readonly { id: string; records: number; confirm: string }[];
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
  const say = (name: string, day: string, text: string, at: Omit<ReturnType<typeof chatOf>, "from">) =>
    db.message({ ...at, at: new Date(`${day}T09:00:00Z`), name, runs: [{ text }] });
  const texts = chatOf("SMS");
  const blue = chatOf("iMessage");
  const answer = ({ from: _, ...chat }: typeof texts) => chat;
  say("i", "2026-03-03", "The ferry, by iMessage.", blue);
  say("j", "2026-03-04", "The ferry answered, by iMessage.", answer(blue));
  say("s", "2026-03-04", "The ferry, by text.", texts);
  say("t", "2026-03-05", "The ferry answered, by text.", answer(texts));
  say("o", "2026-09-01", "The ferry, by whose number it is now.", texts);
  db.close();
  return dir;
}

it("finds an official and a correspondent each as one person, both ways, over every network, in one search", async () => {
  const whatsapp = daybook.write(
    "WhatsApp Chat with +44 7700 900002.txt",
    [
      "13/02/2026, 10:01 - +44 7700 900002: The ferry, by WhatsApp.",
      "13/02/2026, 10:02 - Olivia Sinclair: The ferry answered, by WhatsApp.\n",
    ].join("\n"),
  );
  const mails = Object.entries(MAILS).map(([name, bytes]) => daybook.write(name, bytes));
  for (const file of [whatsapp, writeMac(), ...mails])
    await daybook.json(["import", file, "--custodian", OLIVIA]);

  const { custodians } = await daybook.json<{ custodians: { name: string }[] }>(["custodian", "list"]);
  expect(custodians.map(({ name }) => name)).toEqual([OLIVIA]);
  const { id: matter } = await daybook.json<{ id: string }>(
    "matter open --title Ferry --kind foi".split(" "),
  );
  const search = (...by: string[]) => daybook.json<Found>(["search", "ferry", ...by, "--matter", matter]);
  await until("all ten", async () => (await search("--custodian", OLIVIA)).total === 10);
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
  await identify("sms", FERGUS, "--from", "2026-03-01");
  await identify("email", "fergus.reid@harbour.example");

  const told = ({ results }: Found) =>
    results.map(({ network, text }) => `${network}: ${text.split("\n").at(-1) ?? ""}`).sort();
  const theirs = ["email", "imessage", "sms", "whatsapp"].flatMap((network, n) => {
    const way = ["mail", "iMessage", "text", "WhatsApp"][n] ?? "";
    return [`${network}: The ferry answered, by ${way}.`, `${network}: The ferry, by ${way}.`];
  });
  const first = await search("--participant", "Fergus Reid");
  expect(told(first)).toEqual(theirs);

  // What came half a year later under the number is nobody's until somebody says whose it is.
  expect(first.unconfirmed).toHaveLength(1);
  const { id: number, confirm } = first.unconfirmed[0]!;
  const asPeopleRead = await daybook.run(["search", "ferry", "--participant", fergus, "--matter", matter]);
  expect(asPeopleRead.stdout).toContain(`daybook participant confirm ${number} --at ${confirm}`);
  const out = join(daybook.dir, "fergus");
  await daybook.json(["export", "--matter", matter, "--participant", "Fergus Reid", "--out", out]);
  const verified = await daybook.json<{ ok: boolean }>(["verify", out, "--key", daybook.vkeys[0]!]);
  expect(verified.ok).toBe(true);
  expect(textsIn(out).sort()).toEqual(theirs);

  await daybook.json(["participant", "confirm", number, "--at", confirm, "--reason", "he rang"]);
  const after = await search("--participant", "Fergus Reid");
  expect(after).toMatchObject({ total: 9, unconfirmed: [] });
});

/** Messages of a package, as a search's are told. */
function textsIn(out: string): string[] {
  const records = join(out, "data", "records");
  return readdirSync(records).flatMap((name) => {
    const { kind, network, text = "" } = JSON.parse(readFileSync(join(records, name), "utf8")) as Shown;
    return kind === "message" ? [`${network}: ${text.split("\n").at(-1) ?? ""}`] : [];
  });
}

interface Shown {
  readonly kind: string;
  readonly network: string;
  readonly text?: string;
}
