import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { FERGUS, message, messages, NUMBER, text } from "./fixtures/payloads.ts";
import { type Office, openOffice } from "./support/office.ts";

const PRIVATE = "447700900999";

/** Leaves out what is said with one person, as capture's sink does where a scope rule says so. */
class ScopedSink extends RecordingSink {
  isPrivate = true;
  excludes({ conversation }: { conversation?: { id: string } | undefined }): Promise<boolean> {
    return Promise.resolve(this.isPrivate && conversation?.id === PRIVATE);
  }
}

let sink: ScopedSink;
let office: Office;
beforeEach(async () => {
  sink = new ScopedSink();
  office = await openOffice({ sink });
});
afterEach(() => office.close());

const picture = (bytes: string, more: Record<string, unknown>) => {
  const of = office.api.upload(Buffer.from(bytes), "image/jpeg");
  return message({ type: "image", image: { ...of, mime_type: "image/jpeg" } }, more);
};
const isPicture = (of: string) => (one: { event: { target?: string | undefined } }) =>
  one.event.target === of;

it("fetches and remembers nothing of a conversation that scope leaves out", async () => {
  await office.receive(
    messages(
      picture("private", { id: "wamid.private", from: PRIVATE }),
      text("private too", { id: "wamid.private-2", from: PRIVATE }),
      picture("official", { id: "wamid.official" }),
    ),
  );
  await office.event(isPicture("wamid.official"));
  expect([...sink.attachments.values()].map(String)).toEqual(["official"]);
  const { relay } = office.connector;
  expect(await relay.conversation(NUMBER, FERGUS)).toMatchObject({ id: FERGUS });
  expect(await relay.conversation(NUMBER, PRIVATE)).toBeUndefined();
  office = await office.restart();
  sink.isPrivate = false;
  expect(await office.connector.relay.conversation(NUMBER, PRIVATE)).toBeUndefined();
  await office.receive(messages(picture("official too", { id: "wamid.official-2" })));
  await office.event(isPicture("wamid.official-2"));
  expect([...sink.attachments.values()].map(String)).toEqual(["official", "official too"]);
});

it("fetches nothing more once a conversation is left out", async () => {
  sink.isPrivate = false;
  const { faults } = office.api;
  faults.push(...Array.from({ length: 10_000 }, () => ({ status: 500 })));
  await office.receive(messages(picture("private", { id: "wamid.private", from: PRIVATE })));
  await asked(faults);
  sink.isPrivate = true;
  while (await isAsked(faults));
  faults.length = 0;
  await office.receive(messages(picture("official", { id: "wamid.official" })));
  await office.event(isPicture("wamid.official"));
  office = await office.restart();
  await office.receive(messages(picture("official too", { id: "wamid.official-2" })));
  await office.event(isPicture("wamid.official-2"));
  expect([...sink.attachments.values()].map(String)).not.toContain("private");
});

async function asked(faults: readonly unknown[]): Promise<void> {
  const before = faults.length;
  while (faults.length === before) await sleep(2);
}

/** Whether Meta still is asked, in far more time than there is between two attempts. */
async function isAsked(faults: readonly unknown[]): Promise<boolean> {
  const before = faults.length;
  await sleep(200);
  return faults.length !== before;
}
