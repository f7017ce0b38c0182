import type { PrimaryDevice } from "@signalapp/mock-server";
import { Office } from "./support/office.ts";

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;

beforeAll(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  await office.link(phone, [friend]);
});
afterAll(() => office.close());

const outcome = (target: string) =>
  office.event((event) => event.kind === "notice" && event.target === target);

it("sends a reply that the other person and the official's phone both get, recorded before and after", async () => {
  const text = "The office will answer by Friday";
  const id = await office.signal.send(phone.device.aci, { conversation: friend.device.aci, text });
  expect((await friend.waitForMessage()).body).toBe(text);
  const { syncMessage } = await phone.waitForSyncMessage(({ syncMessage: one }) => one.content?.sent != null);
  expect(syncMessage.content?.sent?.message?.body).toBe(text);
  expect(await office.event(({ networkId }) => networkId === id)).toMatchObject({
    kind: "message",
    direction: "outgoing",
    text,
    conversation: { id: friend.device.aci },
    sender: { id: phone.device.aci },
  });
  expect(await outcome(id)).toMatchObject({ text: "Sent" });
});

it("follows a person to the devices that they have now", async () => {
  await office.mock.server.createSecondaryDevice(friend);
  const id = await office.signal.send(phone.device.aci, {
    conversation: friend.device.aci,
    text: "and again",
  });
  expect((await friend.waitForMessage()).body).toBe("and again");
  expect(await outcome(id)).toMatchObject({ text: "Sent" });
});

it("says what stands in the way, once, and records that it was not sent", async () => {
  const { server } = office.mock;
  const pair = { source: phone.device.aci, target: friend.device.aci };
  server.rateLimit(pair);
  const limited = office.signal.send(phone.device.aci, { conversation: friend.device.aci, text: "too many" });
  await expect(limited).rejects.toMatchObject({ code: "challenge" });
  server.stopRateLimiting(pair);
  server.unregister(friend);
  const gone = office.signal.send(phone.device.aci, { conversation: friend.device.aci, text: "too late" });
  await expect(gone).rejects.toMatchObject({ code: "unregistered" });
  const notSent = () => office.events.filter(({ text }) => text?.startsWith("Not sent: "));
  await office.until(() => notSent().length === 2);
  await expect(
    office.signal.send(phone.device.aci, { conversation: "a group", text: "x" }),
  ).rejects.toMatchObject({
    code: "not-possible",
  });
});
