import { setTimeout as sleep } from "node:timers/promises";
import { describeWithChromium, edit, text } from "../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "./support/office.ts";

const LOOK_MS = 200;

describeWithChromium("Looking again", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open({ lookEveryMs: LOOK_MS });
    await office.link();
  });
  afterAll(() => office.close());

  it("finds nothing before what was heard of it is recorded", async () => {
    const { sink, server } = office;
    const capture = sink.capture.bind(sink);
    const held: PromiseWithResolvers<void> = Promise.withResolvers();
    const holding: PromiseWithResolvers<void> = Promise.withResolvers();
    sink.capture = async (events) => {
      if (events.some(({ event }) => event.text === "first")) {
        holding.resolve();
        await held.promise;
      }
      return capture(events);
    };
    server.deliver(text({ from: FERGUS }, "first"));
    await holding.promise;
    const said = Array.from({ length: 20 }, (_, n) => text({ from: FERGUS }, `said ${n}`));
    server.deliverMany(said.flatMap((one) => [one, edit(one, `edited ${one.message.body}`)]));
    await server.received();
    await sleep(10 * LOOK_MS);
    held.resolve();
    await office.until(() => office.events.filter(({ kind }) => kind === "edit").length >= said.length);
    await sleep(10 * LOOK_MS);

    const of = (kind: string) =>
      office.events.filter((one) => one.kind === kind).map(({ text: words }) => words);
    const bodies = said.map(({ message: { body } }) => body);
    expect(of("message")).toEqual(["first", ...bodies]);
    expect(of("edit")).toEqual(bodies.map((body) => `edited ${body}`));
    expect(office.events).toHaveLength(1 + 2 * said.length);
  }, 60_000);
});
