import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { FERGUS, OFFICIAL, openOffice, PUBLIC, records, TOKEN } from "./support/office.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const MIB = 1024 * 1024;

describe("what nobody honest posts", () => {
  it("is refused, counted and not kept where nothing proves who sent it", async () => {
    const { twilio, at, post, receive, events, logged } = await openOffice();
    const message = twilio.has({ from: FERGUS, to: OFFICIAL, body: "A secret text" });
    const parameters = twilio.parametersOf(message);
    const to = (signature: string) => twilio.post(at("twilio"), `${PUBLIC}/twilio`, parameters, signature);
    // By the token of another account; for another URL, such as the one that we are reached by; none.
    expect(await to(twilio.sign(`${PUBLIC}/twilio`, parameters, "another account's token"))).toBe(403);
    expect(await to(twilio.sign(at("twilio"), parameters))).toBe(403);
    expect(await to("")).toBe(403);
    for (const name of ["twilio", "vonage", "operator", "carrier"])
      expect(await post(name, "MessageSid=1", FORM)).toBe(403);
    expect(events()).toEqual([]);
    expect(logged).toEqual([[{ source: "twilio", refused: 1 }, expect.any(String)]]);
    expect(await receive(message)).toBe(200);
    expect(JSON.stringify(logged)).not.toMatch(/7700|secret/i);
  });

  it("says so to an operator once nothing else has come for an hour", async () => {
    let now = Date.now();
    const office = await openOffice({ now: () => new Date(now) });
    await office.post("twilio", "", FORM);
    expect(office.connector.health()).toMatchObject([{ status: "live", alerts: [] }]);
    now += 3_600_000;
    expect(office.connector.health()).toMatchObject([
      { account: OFFICIAL, status: "needs-attention", alerts: ["signature-refused"] },
    ]);
    await office.receive(office.twilio.has({ from: FERGUS, to: OFFICIAL, body: "Yes" }));
    expect(office.connector.health()).toMatchObject([{ status: "live", alerts: [] }]);
  });

  it("is bounded: parameters, bytes, and what would unfold", async () => {
    const { post, events } = await openOffice();
    const signed = { ...FORM, "x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
    expect(await post("twilio", Array.from({ length: 100_000 }, (_, n) => `p${n}=`).join("&"), signed)).toBe(
      403,
    );
    expect([413, 0]).toContain(await post("twilio", "x".repeat(MIB + 1), signed));
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 * MIB)));
    expect(await post("twilio", bomb, { ...signed, "content-encoding": "gzip" })).toBe(415);
    expect(events()).toEqual([]);
  });

  it("keeps the bytes of what is signed and says a thing twice, and chooses neither", async () => {
    const { twilio, at, events } = await openOffice();
    const message = twilio.has({ from: FERGUS, to: OFFICIAL, body: "Yes" });
    const parameters: [string, string][] = [...twilio.parametersOf(message), ["Body", "Zzz"]];
    expect(await twilio.post(at("twilio"), `${PUBLIC}/twilio`, parameters)).toBe(200);
    expect(events()).toMatchObject([{ event: { kind: "gap", account: "unknown" } }]);
    expect(Buffer.from(events()[0]!.event.raw, "base64").toString()).toMatch(/Body=Yes&.*Body=Zzz$/s);
  });

  it("is not read as anything where names and values were cut otherwise under the same signature", async () => {
    const { twilio, at, events } = await openOffice();
    const message = twilio.has({ from: FERGUS, to: OFFICIAL, body: "Yes" });
    const parameters = twilio.parametersOf(message);
    const signature = twilio.sign(`${PUBLIC}/twilio`, parameters);
    const cut = parameters.map(([name, value]): [string, string] =>
      name === "MessageSid" ? [`${name}${value.slice(0, 2)}`, value.slice(2)] : [name, value],
    );
    expect(await twilio.post(at("twilio"), `${PUBLIC}/twilio`, cut, signature)).toBe(200);
    expect(events()).toMatchObject([{ event: { kind: "gap" } }]);
  });

  it("is one record when it is played again, however late", async () => {
    let now = Date.now();
    const office = await openOffice({ now: () => new Date(now), beatMs: 3_600_000 });
    const message = office.twilio.has({ from: FERGUS, to: OFFICIAL, body: "Yes" });
    await office.receive(message);
    now += 400 * 86_400_000;
    const again = await office.restart();
    expect(await again.receive(message)).toBe(200);
    expect(records(again.events())).toHaveLength(1);
  });

  it("is refused with two types, which readers choose between differently", async () => {
    const { at, events } = await openOffice();
    const ask = (headers: string[]) =>
      new Promise<number>((resolve, reject) => {
        const asking = request(at("twilio"), { method: "POST", headers }, (response) => {
          response.resume().once("end", () => resolve(response.statusCode ?? 0));
        });
        asking.once("error", reject);
        asking.end("MessageSid=1");
      });
    const type = ["Content-Type", "application/json", "Content-Type", "application/x-www-form-urlencoded"];
    expect(await ask(["Host", "h", ...type, "X-Twilio-Signature", "A"])).toBe(400);
    expect(await ask(["Host", "h", "X-Twilio-Signature", "A", "X-Twilio-Signature", "B"])).toBe(400);
    expect(events()).toEqual([]);
  });

  it("finds no other path and no other method", async () => {
    const { at } = await openOffice();
    for (const path of ["/twilio/", "/../sms/twili", "/Twilio", ""])
      expect((await fetch(at(`x${path}`), { method: "POST", body: "" })).status).toBe(404);
    expect((await fetch(at("twilio"))).status).toBe(405);
  });

  it.each([
    "",
    "MessageSid=",
    `MessageSid=SM${"0".repeat(32)}&From=whatsapp:%2B447700900456&To=x&Body=y`,
    `MessageSid=SM${"0".repeat(32)}&NumMedia=99999999999&Body=x`,
    `MessageSid=SM${"0".repeat(32)}&Body=%ff%00%f0%9f`,
    `MessageSid=SM${"0".repeat(32)}&Body=x&From=${"9".repeat(5_000)}`,
    `__proto__=x&constructor=y&MessageSid=SM${"0".repeat(32)}`,
  ])("has one record at most of signed nonsense: %s", async (body) => {
    const { twilio, post, events } = await openOffice();
    const parameters = [...new URLSearchParams(body)];
    const signature = twilio.sign(`${PUBLIC}/twilio`, parameters, TOKEN);
    expect(await post("twilio", body, { ...FORM, "x-twilio-signature": signature })).toBe(200);
    expect(events()).toHaveLength(1);
  });
});
