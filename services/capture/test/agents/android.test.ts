import fc from "fast-check";
import { androidSmsReader } from "@daybook/sms";
import { AndroidAgent, AndroidPhone, type OnTheWay } from "../../../../test/fakes/android-phone.ts";
import { Intake } from "./support.ts";

const HOUR_MS = 3_600_000;
const PICTURE = Buffer.from("a picture of the pier, made up");
const stage = new Intake("android-sms");
beforeAll(() => stage.start({ readers: [androidSmsReader] }), 120_000);
afterAll(() => stage.stop(), 60_000);

/** A phone whose app has enrolled. */
async function newPhone() {
  const phone = new AndroidPhone();
  const agent = new AndroidAgent(phone, stage.url);
  const code = stage.newCode();
  expect(await agent.enrol(code)).toBe(200);
  return { phone, agent };
}
const said = (agent: AndroidAgent) =>
  stage
    .records(agent, "message")
    .map(({ direction, text }) => `${direction === "outgoing" ? ">" : "<"} ${text}`);

it("records what a phone received and sent, its changes and deletions, once each, over kills of the app", async () => {
  const { phone, agent } = await newPhone();
  phone.sms("07700900456", "Is the pier open?");
  const answer = phone.sms("07700900456", "No.", 4);
  phone.mms("+447700900789", "Look at this.", PICTURE);
  agent.scan();
  // It dies, and nobody knows what of it arrived.
  agent.onTheWay.push("kept");
  await agent.send();
  const again = agent.restarted();
  phone.change(`sms/${answer}`, { type: 2 });
  phone.change(`sms/${answer}`, { status: 0 });
  phone.remove("sms/1");
  again.scan();
  await again.send();
  await again.send();
  expect(said(agent)).toEqual(["< Is the pier open?", "> No.", "< Look at this."]);
  const [, mine, picture] = stage.records(agent, "message");
  expect(stage.records(agent, "receipt")).toMatchObject([{ text: "delivered", target: mine?.networkId }]);
  expect(stage.records(agent, "delete")).toMatchObject([
    { target: stage.records(agent, "message")[0]?.networkId },
  ]);
  expect(picture?.attachments).toMatchObject([{ name: "picture.jpg", sizeBytes: PICTURE.length }]);
  expect(again.unanswered).toEqual([]);
});

it("has a gap for a batch that the phone lost, and none for those that overtook it", async () => {
  const { phone, agent } = await newPhone();
  for (const body of ["one", "two", "three", "four"]) {
    phone.sms("+447700900456", body);
    agent.scan();
  }
  agent.lose(2);
  await agent.send([4, 3, 1]);
  await stage.lookAfter(HOUR_MS);
  expect(said(agent)).toEqual(["< four", "< three", "< one"]);
  expect(stage.records(agent, "gap").map(({ gap }) => gap?.about)).toEqual(["batch 2"]);
  agent.heartbeat();
  expect(await agent.send()).toEqual([200]);
  await stage.lookAfter(HOUR_MS);
  expect(stage.records(agent, "gap")).toHaveLength(1);
});

it("takes what a phone holds whose database here is newer than its own numbers", async () => {
  const { phone, agent } = await newPhone();
  phone.sms("+447700900456", "before the backup");
  agent.scan();
  await agent.send();
  // The app's storage is put back to before it enrolled and sent; the key is in the hardware still.
  const restored = agent.forgetful();
  phone.sms("+447700900456", "after the backup");
  restored.scan();
  expect(await restored.send()).toEqual([409]);
  expect(await restored.send()).toEqual([200]);
  expect(said(agent)).toEqual(["< before the backup", "< after the backup"]);
});

/** What happens to a phone and on the way, step by step. */
const step = fc.oneof(
  fc.record({ do: fc.constant("receive" as const) }),
  fc.record({
    do: fc.constant("send" as const),
    fault: fc.constantFrom<OnTheWay | undefined>(undefined, "lost", "kept"),
  }),
  fc.record({ do: fc.constantFrom("scan", "kill", "reverse", "server-dies") }),
);

it("ends with each message of a phone once, whatever is lost, repeated, reordered or killed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const { phone, agent } = await newPhone();
      let app = agent;
      const bodies: string[] = [];
      for (const one of steps) {
        if (one.do === "receive") {
          bodies.push(`${agent.id} ${bodies.length}`);
          phone.sms("+447700900456", bodies.at(-1)!);
        } else if (one.do === "send") {
          if ("fault" in one) app.onTheWay.push(one.fault);
          await app.send();
        } else if (one.do === "scan") app.scan();
        else if (one.do === "kill") app = app.restarted();
        else if (one.do === "reverse") await app.send(app.unanswered.reverse());
        else {
          stage.rig.publisher.faults.push("kept");
          await app.send(app.unanswered.slice(0, 1));
          stage.rig.publisher.faults.length = 0;
        }
      }
      app.onTheWay.length = 0;
      app.scan();
      app.heartbeat();
      await app.send();
      await stage.lookAfter(2 * HOUR_MS);
      expect(app.unanswered).toEqual([]);
      expect(said(agent).sort()).toEqual(bodies.map((body) => `< ${body}`).sort());
      expect(stage.records(agent, "gap")).toEqual([]);
    }),
    { numRuns: 25 },
  );
}, 240_000);
