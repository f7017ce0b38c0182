import { Twilio } from "./twilio.ts";

const FROM = "+447700900123";
const TO = "+447700900456";

let twilio: Twilio;
beforeEach(async () => {
  twilio = await Twilio.start({ accountSid: `AC${"0".repeat(32)}`, authToken: "made up" });
});
afterEach(() => twilio.close());

async function send(fields: Record<string, string>, token = twilio.authToken) {
  const authorization = `Basic ${Buffer.from(`${twilio.accountSid}:${token}`).toString("base64")}`;
  const url = `${twilio.url}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`;
  const body = new URLSearchParams(fields);
  const response = await fetch(url, { method: "POST", headers: { authorization }, body });
  return { status: response.status, answer: (await response.json()) as { sid?: string; code?: number } };
}

describe("messages that are sent by Twilio, as documented", () => {
  it("are queued, and listed from then on", async () => {
    const { status, answer } = await send({ From: FROM, To: TO, Body: "Hello" });
    expect([status, answer]).toMatchObject([201, { from: FROM, to: TO, status: "queued", date_sent: null }]);
    expect(twilio.messages.map(({ sid }) => sid)).toEqual([answer.sid]);
  });

  it.each([
    ["a name", { From: FROM, To: "HARBOUR", Body: "Hello" }, 21211],
    ["nothing said", { From: FROM, To: TO, Body: "" }, 21602],
    ["nobody who sends", { To: TO, Body: "Hello" }, 21603],
    ["too much", { From: FROM, To: TO, Body: "x".repeat(1_601) }, 21617],
  ])("are refused for %s", async (_, fields, code) => {
    expect(await send(fields as Record<string, string>)).toMatchObject({ status: 400, answer: { code } });
    expect(twilio.sent).toEqual([]);
  });

  it("are refused to another token", async () => {
    expect((await send({ From: FROM, To: TO, Body: "Hello" }, "another")).status).toBe(401);
  });

  it("are taken where the answer is lost, and are not where the request is", async () => {
    twilio.faults.push("unanswered", "lost");
    for (let n = 0; n < 2; n += 1)
      await expect(send({ From: FROM, To: TO, Body: "Hello" })).rejects.toThrow();
    expect(twilio.sent).toHaveLength(1);
  });
});
