import type { Captured } from "@daybook/contract";
import { AT, FERGUS, FERGUS_USER, message, text, webhook } from "./fixtures/payloads.ts";
import { type Office, openOffice } from "./support/office.ts";

let office: Office;
beforeEach(async () => {
  office = await openOffice();
});
afterEach(() => office.close());

const eventsOf = async (payload: unknown) =>
  (await office.receive(payload)).map((one: Captured) => one.event);

it("keeps one conversation when a number is told no more, and observes each pair once", async () => {
  const known = { profile: { name: "Fergus Reid", username: "fergus" }, user_id: FERGUS_USER };
  await office.receive(
    webhook("messages", {
      contacts: [{ ...known, wa_id: FERGUS }],
      messages: [text("A", { from_user_id: FERGUS_USER })],
    }),
  );
  await office.receive(
    webhook("messages", {
      contacts: [known],
      messages: [
        message(
          { type: "text", text: { body: "B" } },
          { id: "wamid.in-2", from: undefined, from_user_id: FERGUS_USER },
        ),
      ],
    }),
  );
  const events = office.sink.captured.map(({ event }) => event);
  expect(events.map(({ kind, conversation }) => [kind, conversation?.id])).toEqual([
    ["message", FERGUS],
    ["identity", FERGUS],
    ["message", FERGUS],
  ]);
  expect(events[1]!.text).toContain(FERGUS_USER);
});

it("records somebody of whom Meta tells an id alone, and a change of it", async () => {
  const [event] = await eventsOf(
    webhook("messages", { contacts: [], messages: [text("A", { from: "", from_user_id: FERGUS_USER })] }),
  );
  expect(event).toMatchObject({ sender: { id: FERGUS_USER }, conversation: { id: FERGUS_USER } });
  await office.receive(
    webhook("user_id_update", {
      user_id_update: [
        { detail: "changed", user_id: { previous: FERGUS_USER, current: "GB.2" }, timestamp: String(AT) },
      ],
    }),
  );
  expect(office.sink.captured.at(-1)!.event).toMatchObject({
    kind: "identity",
    text: expect.stringContaining("GB.2") as unknown,
  });
});
