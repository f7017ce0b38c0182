import { randomBytes } from "node:crypto";
import { type Captured, ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Twilio } from "../../../../test/fakes/twilio.ts";
import { isPublic, placesOf } from "../../src/webhook/media/places.ts";
import { FERGUS, OFFICIAL, openOffice, sources } from "./support/office.ts";

const PICTURE = Buffer.from("a picture of the pier, made up");
const of = (...media: { bytes: Buffer; mediaType: string }[]) => ({
  ...{ from: FERGUS, to: OFFICIAL, body: "The pier", sid: Twilio.sid("MM") },
  media: media.map((one) => ({ sid: Twilio.sid("ME"), ...one })),
});

describe("media of messages", () => {
  it("are had before Twilio is answered, where they are small, and shown to its API alone who asks", async () => {
    const { twilio, receive, events, sink } = await openOffice();
    const message = twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    expect(await receive(message)).toBe(200);
    const [captured] = events();
    expect(captured?.attachments).toMatchObject([{ name: "attachment 1", mediaType: "image/jpeg" }]);
    expect([...sink.attachments.values()]).toEqual([PICTURE]);
    // The fake's storage refuses whoever shows it the account's token.
    expect(twilio.asked.some((path) => path.startsWith("/stored/"))).toBe(true);
    // Told again, it is asked for no more.
    const { length } = twilio.asked;
    expect(await receive(message)).toBe(200);
    expect(twilio.asked).toHaveLength(length);
  });

  it("come later where they are large, about the message that is on record by then", async () => {
    const { twilio, receive, event, sink } = await openOffice();
    const large = randomBytes(1024 * 1024 + 1);
    const message = twilio.has(
      of({ bytes: PICTURE, mediaType: "image/jpeg" }, { bytes: large, mediaType: "video/mp4" }),
    );
    expect(await receive(message)).toBe(200);
    const late = await event(({ event: { kind } }) => kind === "notice");
    expect(late.event).toMatchObject({ target: `twilio:${message.sid}`, account: OFFICIAL });
    expect(late.attachments).toMatchObject([{ name: "attachment 2", mediaType: "video/mp4" }]);
    expect([...sink.attachments.values()].map(({ length }) => length)).toEqual([
      PICTURE.length,
      large.length,
    ]);
  });

  it("are had where they were not at first, and nobody knows then whether the message is on record", async () => {
    class Unanswering extends RecordingSink {
      isTold = false;
      override async capture(events: readonly Captured[]): Promise<void> {
        await super.capture(events);
        if (this.isTold || !events.some(({ event }) => event.kind === "message")) return;
        this.isTold = true;
        throw new ConnectorError("stream-unavailable", "injected: kept");
      }
    }
    const { twilio, receive, event } = await openOffice({ sink: new Unanswering() });
    const message = twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    twilio.faults.push("broken-off");
    expect(await receive(message)).toBe(503);
    expect(await receive(message)).toBe(200);
    // The record is the first that was kept, which has none.
    const late = await event(({ event: { kind } }) => kind === "notice");
    expect(late.attachments).toMatchObject([{ name: "attachment 1" }]);
  });

  it("are asked for again after failures, over a start too, until they are had", async () => {
    const office = await openOffice();
    office.twilio.faults.push("broken-off");
    const message = office.twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    office.twilio.authToken = "another, made up";
    expect(await office.receive(message)).toBe(403);
    const parameters = office.twilio.parametersOf(message);
    const signature = office.twilio.sign(
      "https://hooks.example.gov/webhooks/sms/twilio",
      parameters,
      "a token of Twilio's, made up",
    );
    const to = office.at("twilio");
    const url = "https://hooks.example.gov/webhooks/sms/twilio";
    // Its media are refused, and waited for.
    expect(await office.twilio.post(to, url, parameters, signature)).toBe(200);
    const again = await office.restart();
    again.twilio.authToken = "a token of Twilio's, made up";
    await again.event(({ event: { kind } }) => kind === "notice");
    expect([...again.sink.attachments.values()]).toEqual([PICTURE]);
  });

  it("are a gap once the provider has them no more, or has had them for too long", async () => {
    const { twilio, receive, event } = await openOffice();
    const message = twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    twilio.gone.add(message.sid);
    expect(await receive(message)).toBe(200);
    const { event: gap } = await event(({ event: { kind } }) => kind === "gap");
    expect(gap).toMatchObject({ target: `twilio:${message.sid}`, gap: { about: "attachment 1" } });

    let now = Date.now();
    const refusing = await openOffice({ now: () => new Date(now), beatMs: 3_600_000 });
    const late = refusing.twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    const parameters = refusing.twilio.parametersOf(late);
    const signature = refusing.twilio.sign("https://hooks.example.gov/webhooks/sms/twilio", parameters);
    refusing.twilio.authToken = "another, made up";
    await refusing.twilio.post(
      refusing.at("twilio"),
      "https://hooks.example.gov/webhooks/sms/twilio",
      parameters,
      signature,
    );
    now += 31 * 86_400_000;
    const again = await refusing.restart();
    const over = await again.event(
      ({ event: { kind, gap: why } }) => kind === "gap" && why?.about === "attachment 1",
    );
    expect(over.event.gap?.why).toContain("credentials");
  });

  it.each([
    ["a private address", "http://127.0.0.1:9/x"],
    ["another's host", "https://twilio.com.example.org/x"],
    ["a file", "file:///etc/passwd"],
    ["plain HTTP", "http://media.twiliocdn.com/x"],
    ["the metadata of a cloud", "http://169.254.169.254/latest/meta-data"],
    ["another's bucket", "https://s3-external-1.amazonaws.com/another/x"],
  ])("are not fetched from %s, wherever it is named", async (_, url) => {
    const { twilio, at, receive, event, events } = await openOffice();
    const message = twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    const signed = twilio
      .parametersOf(message)
      .map(([name, value]): [string, string] => [name, name === "MediaUrl0" ? url : value]);
    expect(await twilio.post(at("twilio"), "https://hooks.example.gov/webhooks/sms/twilio", signed)).toBe(
      200,
    );
    const { event: gap } = await event(({ event: { kind } }) => kind === "gap");
    expect(gap.gap?.why).toContain("none of the provider's");
    expect(twilio.asked).toEqual([]);

    const redirected = twilio.has(of({ bytes: PICTURE, mediaType: "image/jpeg" }));
    twilio.faults.push({ location: url }, { location: url });
    expect(await receive(redirected)).toBe(200);
    await event(({ event: { target, kind } }) => kind === "gap" && target === `twilio:${redirected.sid}`);
    expect(events().every(({ attachments }) => attachments === undefined)).toBe(true);
  });

  it("are where each provider has them, at addresses of the Internet alone", async () => {
    const twilio = await Twilio.start({ accountSid: "AC", authToken: "t" });
    const [of, vonage, operator] = sources(twilio).map((one) => placesOf(one));
    await twilio.close();
    const isTrusted = (places: typeof of, url: string) => places!.isTrusted(new URL(url));
    expect(isTrusted(of, "https://api.twilio.com/2010-04-01/x")).toBe(true);
    expect(isTrusted(of, "https://mms.twiliocdn.com/x")).toBe(true);
    expect(isTrusted(of, "https://mms.twiliocdn.com:8443/x")).toBe(false);
    expect(isTrusted(vonage, "https://api-us.nexmo.com/v3/media/x")).toBe(true);
    expect(isTrusted(vonage, "https://mms.twiliocdn.com/x")).toBe(false);
    expect(isTrusted(operator, "https://api.twilio.com/x")).toBe(false);
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "169.254.169.254",
      "192.168.0.1",
      "172.31.0.1",
      "100.64.0.1",
      "0.0.0.0",
    ])
      expect(isPublic(address, 4)).toBe(false);
    for (const address of [
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "fe80::1",
      "fd00::1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
    ])
      expect(isPublic(address, 6)).toBe(false);
    expect(isPublic("18.65.1.1", 4)).toBe(true);
    expect(isPublic("2600:9000::1", 6)).toBe(true);
  });
});
