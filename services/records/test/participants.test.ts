import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { Event } from "@daybook/contract";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

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
      {
        ...message(
          "email",
          "olivia@office.example",
          "2026-03-06T10:00:00.000Z",
          "ferry answered by mail, in copy",
        ),
        recipients: [
          { id: "else@example.org", name: "Else" },
          { id: "fergus@example.org", name: "Fergus" },
        ],
      },
      message("email", "olivia@office.example", "2026-03-07T10:00:00.000Z", "ferry by mail, to others"),
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
      "ferry answered by mail, in copy",
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

  it("have a number's messages after a silence of more than 90 days once somebody confirms it", async () => {
    await home.capture(
      message("whatsapp", "447700900555@c.us", "2025-10-01T10:00:00.000Z", "pier, by whom?"),
      message("whatsapp", "447700900555@c.us", "2026-03-01T10:00:00.000Z", "pier, from Morag"),
      {
        ...message("whatsapp", OLIVIA.id, "2026-05-30T10:00:00.000Z", "pier, 90 days later, to Morag"),
        recipients: [{ id: "447700900555@c.us", name: "Morag" }],
      },
      message("whatsapp", "447700900555@c.us", "2026-08-28T10:00:00.001Z", "pier, a millisecond more"),
      message("whatsapp", "447700900555@c.us", "2026-08-29T10:00:00.000Z", "pier, the day after"),
    );
    const { id: morag } = await post("/api/v1/participants", { name: "Morag Gunn", reason: "FOI" });
    const { id } = await identify({ network: "whatsapp", identifier: "+44 7700 900555" }, morag);
    const asked = async () =>
      (await owner.call("get", "/api/v1/search", { query: { q: "pier", matter, participant: morag } })) as {
        results: { text: string }[];
        unconfirmed: { id: string; records: number; confirm: string; side: string }[];
      };
    const before = await asked();
    expect(before.results.map(({ text }) => text)).toEqual([
      "pier, 90 days later, to Morag",
      "pier, from Morag",
    ]);
    const number = { id, network: "whatsapp", identifier: "+44 7700 900555" };
    expect(before.unconfirmed).toEqual([
      {
        ...{ ...number, side: "before", records: 1, confirm: "2025-10-01T10:00:00.000Z" },
        silentFrom: "2025-10-01T10:00:00.000Z",
        silentTo: "2026-03-01T10:00:00.000Z",
      },
      {
        ...{ ...number, side: "after", records: 2, confirm: "2026-08-28T10:00:00.001Z" },
        silentFrom: "2026-05-30T10:00:00.000Z",
        silentTo: "2026-08-28T10:00:00.001Z",
      },
    ]);
    const { unconfirmed } = (await owner.call("get", "/api/v1/participants/:id/silences", {
      params: { id: morag },
    })) as typeof before;
    expect(unconfirmed).toEqual(before.unconfirmed);

    const confirm = (at: string) =>
      post("/api/v1/participant-identifiers/:id/confirm", { at, reason: "she rang" }, { id });
    const said = async () =>
      (await home.auditEvents()).filter(({ action }) => action === "participant.confirm").length;
    for (let n = 0; n < 2; n += 1) await confirm(before.unconfirmed[1]!.confirm);
    expect(await said()).toBe(1);
    const after = await asked();
    expect(after.results).toHaveLength(4);
    expect(after.unconfirmed).toEqual([before.unconfirmed[0]]);
    await expect(
      post("/api/v1/participant-identifiers/:id/confirm", { at: "2026-01-01", reason: "?" }, { id: morag }),
    ).rejects.toMatchObject({ status: 404 });
    await post(
      "/api/v1/participant-identifiers/:id/release",
      { to: "2026-08-29", reason: "a new phone" },
      { id },
    );
    await expect(confirm("2026-09-01")).rejects.toMatchObject({ status: 400 });
    // The end that a person gave is their word.
    expect((await asked()).results).toHaveLength(3);

    const resolved = (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/participants/resolve", {
      body: { name: "morag gunn" },
    })) as { id: string; parties: { from: string; to: string }[] };
    expect(resolved).toMatchObject({ id: morag, unconfirmed: [before.unconfirmed[0]] });
    expect(resolved.parties).toMatchObject([
      { network: "whatsapp", from: "2025-12-01T10:00:00.000Z", to: "2026-08-28T23:00:00.000Z" },
    ]);
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
    const both = async () => [await found(), await found({ participant: "Morag Gunn", q: "pier" })];
    const before = await both();
    expect(before[1]).toHaveLength(3);
    const filters = { participant: "Fergus Reid" };
    await post("/api/v1/matters/:id/searches", { q: "ferry", filters }, { id: matter });
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
    expect(log.searches.map(({ names }) => names)).toContainEqual({ participant: "Fergus Reid" });
    expect(await both()).toEqual(before);
  });

  it("are in the audit log, each with its reason", async () => {
    const said = (await home.auditEvents()).filter(({ action }) => action.startsWith("participant."));
    expect(said.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["participant.add", "participant.identify", "participant.release"]),
    );
    for (const { detail } of said) expect(detail).toHaveProperty("reason");
  });
});
