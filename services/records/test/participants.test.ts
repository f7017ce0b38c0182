import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { Event } from "@daybook/contract";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

const OLIVIA = { id: "+447700900123", name: "Olivia Sinclair" };

function message(network: Event["network"], from: string, sentAt: string, text: string): Partial<Event> {
  return {
    kind: "message",
    network,
    method: "export",
    provenance: "supplied",
    account: "olivia",
    sender: { id: from, name: "as the network has it" },
    conversation: { id: `with ${from}`, title: "A talk", kind: "direct" },
    sentAt,
    text,
  };
}

suite("people outside", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;
  let matter: string;
  let fergus: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    owner = running.owner;
    matter = (await post("/api/v1/matters", { title: "Ferry", kind: "foi" })).id;
    fergus = (await post("/api/v1/participants", { name: "Fergus Reid", reason: "FOI" })).id;
    await home.capture(
      message("whatsapp", "447700900456@c.us", "2026-03-01T10:00:00.000Z", "ferry by WhatsApp"),
      message("sms", "+447700900456", "2026-03-02T10:00:00.000Z", "ferry by text"),
      {
        ...message("sms", OLIVIA.id, "2026-03-03T10:00:00.000Z", "ferry answered by text"),
        sender: OLIVIA,
        conversation: { id: "+447700900456", title: "Fergus", kind: "direct" },
      },
      {
        ...message("imessage", OLIVIA.id, "2026-03-04T10:00:00.000Z", "ferry answered by iMessage"),
        sender: OLIVIA,
        conversation: { id: "iMessage;-;fergus@example.org", title: "Fergus", kind: "direct" },
      },
      message("email", "fergus@example.org", "2026-03-05T10:00:00.000Z", "ferry by mail"),
      message("sms", "+447700900456", "2026-08-01T10:00:00.000Z", "ferry by who has the number now"),
      message("sms", "+447700900789", "2026-03-02T11:00:00.000Z", "ferry by another"),
    );
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const post = async (path: string, body: object, params: Record<string, string> = {}) =>
    (await owner.call("post", path, { params, body })) as { id: string };
  const identify = (body: object, id = fergus) =>
    post("/api/v1/participants/:id/identifiers", { reason: "it is in the letter", ...body }, { id });
  const found = async (query: Record<string, string> = {}) =>
    (
      (await owner.call("get", "/api/v1/search", {
        query: { q: "ferry", matter, participant: "fergus reid", ...query },
      })) as { results: { text: string }[] }
    ).results.map(({ text }) => text);

  it("are found by nothing until somebody says by what networks know them", async () => {
    expect(await found()).toEqual([]);
  });

  it("are one person on every network, for a time, in one search", async () => {
    await identify({ network: "whatsapp", identifier: "+44 7700 900456" });
    await identify({ network: "sms", identifier: "+447700900456", to: "2026-07-01" });
    await identify({ network: "imessage", identifier: "Fergus@Example.org" });
    await identify({ network: "email", identifier: "fergus@example.org" });

    expect(await found()).toEqual([
      "ferry by mail",
      "ferry answered by iMessage",
      "ferry answered by text",
      "ferry by text",
      "ferry by WhatsApp",
    ]);
    expect(await found({ network: "sms" })).toEqual(["ferry answered by text", "ferry by text"]);
    expect(await found({ participant: fergus, q: "ferry -answered" })).toHaveLength(3);
  });

  it("have a number alone: within its time it is nobody else's, and after it another's", async () => {
    const { id } = await post("/api/v1/participants", { name: "Ailsa Kerr", reason: "FOI" });
    const number = { network: "sms", identifier: "+44 7700 900 456" };
    await expect(identify({ ...number, from: "2026-06-01" }, id)).rejects.toMatchObject({ status: 409 });
    await identify({ ...number, from: "2026-07-01" }, id);
    expect(await found({ participant: "Ailsa Kerr" })).toEqual(["ferry by who has the number now"]);
    await expect(identify({ ...number, from: "2026-06-01", to: "2026-06-01" }, id)).rejects.toMatchObject({
      status: 400,
    });
  });

  it("lose a number that was said of them by mistake", async () => {
    const { id } = await identify({ network: "sms", identifier: "+447700900789" });
    expect(await found()).toContain("ferry by another");
    const release = (to: string | null) =>
      post("/api/v1/participant-identifiers/:id/release", { to, reason: "a mistake" }, { id });
    await release("2026-03-02T11:00:00Z");
    expect(await found()).not.toContain("ferry by another");
    await release(null);
    await expect(release(null)).rejects.toMatchObject({ status: 404 });
  });

  it("are told of in the log of searches by name, and are the same after a rebuild from the log", async () => {
    const filters = { participant: "Fergus Reid" };
    await post("/api/v1/matters/:id/searches", { q: "ferry", filters }, { id: matter });
    const before = await found();
    const { body } = await owner.download("/api/v1/rebuild", { method: "post" });
    let told = "";
    for await (const chunk of body) told += String(chunk);
    expect(told).toContain('"ok":true');
    await running.stop();
    running = await home.start();
    owner = running.owner;
    const log = (await owner.call("get", "/api/v1/matters/:id/searches", { params: { id: matter } })) as {
      searches: { names: object }[];
    };
    expect(log.searches[0]!.names).toEqual({ participant: "Fergus Reid" });
    expect(await found()).toEqual(before);
  });

  it("are in the audit log, each with its reason", async () => {
    const said = (await home.auditEvents()).filter(({ action }) => action.startsWith("participant."));
    expect(said.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["participant.add", "participant.identify", "participant.release"]),
    );
    for (const { detail } of said) expect(detail).toHaveProperty("reason");
  });
});
