import { createServer, type AddressInfo } from "node:net";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { Browser } from "@daybook/console/testing";
import { apiClient } from "@daybook/runtime";
import { jest } from "@jest/globals";
import { AndroidAgent, AndroidPhone } from "../fakes/android-phone.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(240_000);

const OWN = "+447700900123";
const PICTURE = Buffer.from("a picture of the pier, made up");

let daybook: Daybook;
let port: number;
beforeAll(async () => {
  daybook = new Daybook();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  ({ port } = server.address() as AddressInfo);
  server.close();
});
afterAll(() => daybook.remove());

const token = () => readFileSync(join(daybook.home, "run/token"), "utf8").trim();

/** The console, as whoever runs this Daybook has it. */
function administrator(): Browser {
  const browser = new Browser(`http://localhost:${new URL(daybook.facts.url).port}`);
  browser.cookies.set("daybook-session", token());
  return browser;
}

const text = (of: { text(): string }) => of.text().replace(/\s+/g, " ").trim();

/** What an administrator sees who offers a device an agent, and whose agent it is. */
async function offered(device: string): Promise<{ id: string; code: string; server: string }> {
  const browser = administrator();
  await browser.get(`/devices/${device}/offer`);
  const { $ } = await browser.post(`/devices/${device}/offer`, {
    ...{ agent: "android-sms", identifier: OWN, custodian: "Olivia Sinclair", reason: "issued to her" },
  });
  const id = /\/agents\/([\w-]+)$/.exec($('main p a[href^="/agents/"]').attr("href") ?? "")?.[1] ?? "";
  return { id, code: text($("#code")), server: text($("#server")) };
}

it("ends with a verified package of a phone's messages, over a kill of the gateway and of the app", async () => {
  const up = () => daybook.up("--agents-port", String(port));
  await up();
  const owner = apiClient({
    url: daybook.facts.url,
    token: token(),
  });
  const post = async (path: string, body: object) =>
    (await owner.call("post", path, { body })) as { id: string };
  await post("/api/v1/custodians", { name: "Olivia Sinclair" });
  const { id: device } = await post("/api/v1/devices", { label: "Phone 12", reason: "issued to her" });
  const { id, code, server } = await offered(device);

  const phone = new AndroidPhone();
  let app = new AndroidAgent(phone, server);
  await until("the door", async () => (await app.enrol(code).catch(() => 0)) === 200);
  expect(app.id).toBe(id);
  phone.sms("07700 900456", "Can the ferry sail on Friday?");
  const answer = phone.sms("07700 900456", "Not on Friday.", 2);
  phone.mms("+447700900456", "The pier as it stands.", PICTURE);
  app.scan();
  // The phone does not hear of it: it is killed, and so is the gateway.
  app.onTheWay.push("kept");
  await app.send();
  await daybook.stop("SIGKILL");
  app = app.restarted();
  phone.change(`sms/${answer}`, { status: 0 });
  app.scan();
  expect(await app.send().catch(() => "nobody there")).toBe("nobody there");
  await up();
  await until("everything is taken", async () => {
    await app.send().catch(() => undefined);
    return app.unanswered.length === 0;
  });

  const { id: matter } = await daybook.json<{ id: string }>([
    ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
  ]);
  const found = (...words: string[]) =>
    daybook.json<{ total: number }>(["search", ...words, "--network", "sms", "--matter", matter]);
  await until("the messages", async () => (await found("Friday")).total === 2);
  await until("the picture", async () => (await found("pier")).total === 1);
  const out = join(daybook.dir, "evidence");
  await daybook.json(["export", "--matter", matter, "--network", "sms", "--out", out]);
  const verified = await daybook.run(["verify", out, "--key", daybook.vkeys[0]!]);
  expect(verified.stdout).toMatch(/^Good: \d+ records, each proved/);

  const events = readdirSync(join(out, "data/records"))
    .map((name) => JSON.parse(readFileSync(join(out, "data/records", name), "utf8")) as Event)
    .filter(({ network }) => network === "sms");
  const messages = events.filter(({ kind }) => kind === "message");
  expect(messages.map(({ direction, text }) => `${direction} ${text}`).sort()).toEqual([
    "incoming Can the ferry sail on Friday?",
    "incoming The pier as it stands.",
    "outgoing Not on Friday.",
  ]);
  expect(new Set(messages.map(({ custodian: whose }) => whose?.name))).toEqual(new Set(["Olivia Sinclair"]));
  expect(new Set(messages.map(({ conversation }) => conversation?.id))).toEqual(new Set(["+447700900456"]));
  expect(events.filter(({ kind }) => kind === "receipt").map(({ text }) => text)).toEqual(["delivered"]);
  expect(events.filter(({ kind }) => kind === "gap")).toEqual([]);
  expect(readdirSync(join(out, "data/attachments"))).toHaveLength(1);

  owner.close();
  const stood = await daybook.json<{ accounts: { method: string; status: string }[] }>(["link", "list"]);
  expect(stood.accounts).toMatchObject([{ method: "device-agent", status: "live", account: OWN }]);

  const console = administrator();
  const row = text((await console.get("/agents")).$("tbody tr"));
  expect(row).toMatch(/ Live \d+ \w+ \d{4}, [\d:]+[ap]m Phone 12 Olivia Sinclair SMS, \+447700900123$/);
  const form = text((await console.get(`/agents/${id}/revoke`)).$("main"));
  expect(form).toContain("When it was heard last, nothing was waiting on the device.");
  const after = await console.post(`/agents/${id}/revoke`, { reason: "lost on a train" });
  expect(text(after.$("main"))).toContain("What it had not handed over is still on the device");
  await until("it is shut out", async () => {
    phone.sms("07700 900456", "Will it sail on Saturday?");
    app.scan();
    return (await app.send()).includes(403);
  });
});
