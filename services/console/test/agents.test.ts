import type { Role } from "@daybook/runtime";
import { AGENT_DEVICES, agentsApi, consoleOver, type MadeLink, type TestConsole } from "../testing/index.ts";

const SERVER = "https://daybook.example";
const CODE = "ABCDE-FGHJK-MNPQR-STVWX";
const HEARD_AT = "2026-03-04T09:30:00.000Z";
const live = (more: Partial<MadeLink> = {}): MadeLink => ({
  ...{ status: "live", heardAt: HEARD_AT, waiting: 0 },
  ...more,
});
const OFFER = {
  agent: "mac-imessage",
  identifier: "olivia@minister.example",
  custodian: "Olivia Sinclair",
  reason: "Issued to her",
};
const [MAC] = AGENT_DEVICES;

const api = agentsApi();
let served: TestConsole;
beforeAll(async () => {
  served = await consoleOver({ routes: api.routes, agentsAt: SERVER });
});
beforeEach(() => {
  api.agents.length = 0;
  api.asked.length = 0;
  api.capture.links.clear();
  api.capture.away = false;
});
afterAll(() => served.close());

const words = (text: string) => text.replace(/\s+/g, " ").trim();
const as = (role: Role) => served.browser([role]);
const main = async (path: string, role: Role = "administrator") =>
  words((await as(role).get(path)).$("main").text());

describe("the list of agents", () => {
  it("says of each whose it is, on which device, how it stands as health has it, and when it was heard", async () => {
    const heard = api.add("mac-imessage");
    api.capture.links.set(heard.id, live());
    const quiet = api.add("android-sms");
    api.capture.links.set(quiet.id, live({ status: "quiet", problem: "It has said nothing for too long" }));
    const fresh = api.add("mac-imessage");
    api.capture.links.set(fresh.id, live({ status: "waiting", heardAt: null, waiting: null }));
    api.add("mac-imessage", { enrolledAt: null });
    api.add("mac-imessage", { enrolledAt: null, expiresAt: "2026-03-01T00:00:00.000Z" });
    api.add("mac-imessage", { revokedAt: "2026-03-05T00:00:00.000Z" });
    const { $ } = await as("records-officer").get("/agents");
    const rows = $("tbody tr")
      .map((_, row) =>
        $(row)
          .find("td")
          .map((__, cell) => words($(cell).text()))
          .get()
          .join(" | "),
      )
      .get();

    const mac = "MAC-0042 | Olivia Sinclair | iMessage, olivia@minister.example";
    expect(rows).toEqual([
      `Live | 4 March 2026, 9:30am | ${mac}`,
      "Down It has said nothing for too long | 4 March 2026, 9:30am | PHONE-0007 | Olivia Sinclair | SMS, +447700900123",
      `Waiting | Not yet | ${mac}`,
      `Offered | Not yet | ${mac}`,
      `Code not used | Not yet | ${mac}`,
      `Revoked | Not known | ${mac}`,
    ]);
  });

  it("is shown while capture does not answer, and says so", async () => {
    api.add("mac-imessage");
    api.capture.away = true;

    expect(await main("/agents")).toMatch(/The capture service does not answer.*Not known ?Not known /);
  });

  it("is there in pages, from the registry and from the device, and only the administrator may change it", async () => {
    for (let n = 0; n < 51; n += 1) api.add("android-sms");
    const own = api.add("mac-imessage");
    const first = await as("auditor").get("/agents");
    expect(first.$("tbody tr")).toHaveLength(50);
    expect(first.$('main a[href="/agents/new"]')).toHaveLength(0);
    const next = await as("auditor").get(first.$('a[rel="next"]').attr("href") ?? "");
    expect(next.$("tbody tr")).toHaveLength(2);
    expect((await as("auditor").get("/devices")).$('nav a[href="/agents"]')).toHaveLength(1);
    const device = await as("administrator").get(`/devices/${MAC.id}`);
    expect(device.$('a[href^="/agents/"]').attr("href")).toBe(`/agents/${own.id}`);
    expect(device.$(`a[href="/devices/${MAC.id}/offer"]`)).toHaveLength(1);
    for (const role of ["records-officer", "auditor", "reviewer"] as const) {
      const { $ } = await as(role).get(`/agents/${own.id}`);
      expect($(`a[href="/agents/${own.id}/revoke"]`)).toHaveLength(0);
      expect((await as(role).get("/agents/new")).status).toBe(403);
    }
  });
});

describe("offering an agent", () => {
  it("shows the code, the server and the command for a Mac this once", async () => {
    const browser = as("administrator");
    await browser.get("/agents/new");
    const { $ } = await browser.post("/agents/new", { ...OFFER, device: MAC.id });

    expect(api.asked).toEqual([
      {
        ...{ kind: "mac-imessage", network: "imessage", identifier: OFFER.identifier, device: MAC.id },
        ...{ custodian: OFFER.custodian, reason: OFFER.reason },
      },
    ]);
    expect($("#code").text()).toBe(CODE);
    expect($("#server").text()).toBe(SERVER);
    expect($("#command").text()).toBe(`daybook agent enrol --code ${CODE} --server ${SERVER}`);
    expect(words($("main").text())).toContain("Code is good until");
    const [{ id } = { id: "" }] = api.agents;
    expect((await browser.get(`/agents/${id}`)).html).not.toContain(CODE);
  });

  it("asks from the device's page for no device, and says what to do on a phone", async () => {
    const [, phone] = AGENT_DEVICES;
    const browser = as("administrator");
    const form = await browser.get(`/devices/${phone.id}/offer`);
    expect(form.$("#device")).toHaveLength(0);
    const agent = { ...OFFER, agent: "android-sms", identifier: "+447700900123" };
    const { $ } = await browser.post(`/devices/${phone.id}/offer`, agent);

    expect(api.asked).toMatchObject([{ kind: "android-sms", network: "sms", device: phone.id }]);
    expect($("#command")).toHaveLength(0);
    expect(words($("main").text())).toContain("On the phone Open the archival app");
  });

  it("says so where this Daybook takes nothing of devices", async () => {
    const nowhere = await consoleOver({ routes: api.routes });
    const browser = nowhere.browser(["administrator"]);
    await browser.get("/agents/new");
    const { $ } = await browser.post("/agents/new", { ...OFFER, device: MAC.id });
    await nowhere.close();

    expect($("#code").text()).toBe(CODE);
    expect($("#server, #command")).toHaveLength(0);
    expect(words($("main").text())).toContain("takes nothing from agents on devices now");
  });

  it("says at the field what is missing, and above the form what the API refuses; what was typed stays", async () => {
    const browser = as("administrator");
    await browser.get("/agents/new");
    const empty = await browser.post("/agents/new");
    expect(empty.status).toBe(400);
    const links = empty.$(".govuk-error-summary a").map((_, one) => empty.$(one).attr("href"));
    expect(links.get()).toEqual(["#agent", "#identifier", "#custodian", "#device", "#reason"]);
    for (const href of links.get()) expect(empty.$(href)).toHaveLength(1);

    const refused = await browser.post("/agents/new", { ...OFFER, device: MAC.id, custodian: "Nobody" });
    expect(refused.status).toBe(404);
    expect(words(refused.$(".govuk-error-summary").text())).toContain("There is no custodian of that name");
    expect(refused.$("#custodian").attr("value")).toBe("Nobody");
    expect(refused.$("#device option[selected]").attr("value")).toBe(MAC.id);
    expect(api.agents).toEqual([]);
  });
});

describe("revoking an agent", () => {
  it.each<{ name: string; link?: MadeLink; enrolledAt?: null; said: string }>([
    { name: "some is", link: live({ waiting: 3 }), said: "3 entries were waiting on the device" },
    { name: "nothing is", link: live(), said: "nothing was waiting on the device" },
    { name: "nobody knows", said: "How much waits on the device is not known" },
    { name: "it never enrolled", enrolledAt: null, said: "It has not enrolled" },
  ])("says before what is left on the device, where $name", async ({ link, enrolledAt, said }) => {
    const { id } = api.add("mac-imessage", enrolledAt === null ? { enrolledAt } : {});
    if (link) api.capture.links.set(id, link);

    expect(await main(`/agents/${id}/revoke`)).toContain(said);
  });

  it("asks why, and says after what became of what was on the device", async () => {
    const { id } = api.add("mac-imessage");
    const browser = as("administrator");
    await browser.get(`/agents/${id}/revoke`);
    const refused = await browser.post(`/agents/${id}/revoke`);
    expect([refused.status, refused.$(".govuk-error-summary a").attr("href")]).toEqual([400, "#reason"]);
    expect(api.agents[0]?.revokedAt).toBeNull();
    const after = await browser.post(`/agents/${id}/revoke`, { reason: "Lost on a train" });

    expect(api.asked).toEqual([{ reason: "Lost on a train" }]);
    expect(after.path).toBe(`/agents/${id}`);
    const text = words(after.$("main").text());
    expect(text).toContain("The agent is revoked");
    expect(text).toContain("What it had not handed over is still on the device");
    expect(after.$(`a[href="/agents/${id}/revoke"]`)).toHaveLength(0);
  });
});

it("says of one agent what is to be seen to on its device", async () => {
  const { id } = api.add("mac-imessage");
  api.capture.links.set(id, live({ waiting: 12, alerts: ["device-permission-lost", "device-new"] }));
  const text = await main(`/agents/${id}`, "records-officer");

  expect(text).toMatch(/The agent may not read messages any more ?Give it its permission again/);
  expect(text).toContain("device-new");
  expect(text).toMatch(/Entries waiting on the device when it was heard last ?12/);
});
