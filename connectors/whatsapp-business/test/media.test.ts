import { RecordingSink } from "@daybook/contract/testing";
import { MEDIA_LIFE_MS } from "../../../test/fakes/graph-api.ts";
import { message, messages } from "./fixtures/payloads.ts";
import { type Office, openOffice } from "./support/office.ts";

const BYTES = Buffer.from("a picture of the pier, made up");
let office: Office;
afterEach(() => office.close());

const picture = (of: { id: string; sha256: string }) =>
  messages(message({ type: "image", image: { ...of, mime_type: "image/jpeg" } }));
const isAbout = (event: { event: { target?: string | undefined } }) => event.event.target === "wamid.in-1";

it("records a message at once, and its attachment when it is here", async () => {
  office = await openOffice();
  await office.receive(picture(office.api.upload(BYTES, "image/jpeg")));
  expect(office.sink.captured[0]!.event).toMatchObject({ kind: "message", networkId: "wamid.in-1" });
  const { attachments } = await office.event(isAbout);
  expect(office.sink.attachments.get(attachments![0]!.sealed)).toEqual(BYTES);
});

it.each([
  ["an error of Meta's", [{ status: 500 }, { status: 429, code: 130429 }]],
  ["an answer that is lost", ["lost" as const]],
  ["an address that ran out", [undefined, { status: 404 }]],
  ["a token that ran out", [{ status: 401, code: 190 }]],
])("tries again after %s", async (_, faults) => {
  office = await openOffice();
  office.api.faults.push(...(faults as []));
  await office.receive(picture(office.api.upload(BYTES, "image/jpeg")));
  expect((await office.event(isAbout)).attachments).toHaveLength(1);
});

it.each(["lost", "kept"])(
  "is fetched where the stream did not answer for its message at first: %s",
  async (how) => {
    office = await openOffice({ sink: new RecordingSink({ failures: 1, keep: how === "kept" }) });
    const payload = picture(office.api.upload(BYTES, "image/jpeg"));
    expect(await office.api.deliver(office.webhook, payload)).toBe(2);
    expect((await office.event(isAbout)).attachments).toHaveLength(1);
  },
);

it("is a gap when the bytes are never those of the hash, or are gone", async () => {
  let later = 0;
  office = await openOffice({ now: () => new Date(Date.now() + later) });
  await office.receive(picture(office.api.upload(BYTES, "image/jpeg", "00".repeat(32))));
  while (office.sink.attachments.size < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  later += MEDIA_LIFE_MS;
  expect((await office.event(isAbout)).event).toMatchObject({
    kind: "gap",
    gap: { why: expect.stringContaining("hash") as unknown },
  });
});

it("is a gap at once when Meta does not have it", async () => {
  office = await openOffice();
  await office.receive(picture({ id: "1", sha256: "00" }));
  expect((await office.event(isAbout)).event.gap).toMatchObject({
    why: expect.stringContaining("any more") as unknown,
  });
});

it("goes on after a restart, and is not fetched again for a replay", async () => {
  office = await openOffice();
  const payload = picture(office.api.upload(BYTES, "image/jpeg"));
  office.api.faults.push({ status: 500 }, { status: 500 });
  await office.receive(payload);
  office = await office.restart();
  await office.event(isAbout);
  await office.receive(payload);
  office = await office.restart();
  expect(office.sink.attachments.size).toBe(1);
});
