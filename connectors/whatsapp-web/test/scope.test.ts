import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { attachment, describeWithChromium, edit, text } from "../../../test/fakes/whatsapp-web/index.ts";
import { AccountFiles } from "../src/account/account-files.ts";
import { FERGUS, KEY, Office, silent } from "./support/office.ts";

const ISLA = "15550004000@c.us";

describeWithChromium("what scope leaves out of WhatsApp Web", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open();
    const excludes = ({ conversation }: Pick<Event, "conversation">) =>
      Promise.resolve(conversation?.id === FERGUS);
    Object.assign(office.sink, { excludes });
    await office.link();
  });
  afterAll(() => office.close());

  it("is handed over to be counted, and nothing of it is fetched, loaded or remembered", async () => {
    const { server } = office;
    const ids = () =>
      new Set(
        office.sink.captured.flatMap(({ eventId, event }) =>
          event.conversation?.id === FERGUS ? [eventId] : [],
        ),
      );
    const said = server.deliver(text({ from: FERGUS }, "about my children"));
    server.deliver(edit(said, "about my family"));
    server.deliver(attachment({ from: FERGUS }, server.media.add("image", Buffer.from("a photo"))));
    server.deliver(text({ from: ISLA }, "about the ferry"));
    await office.until(() => office.events.some(({ text: words }) => words === "about the ferry"));
    const handed = ids();
    expect(handed.size).toBe(4);
    await office.restart();
    await office.live();
    await office.stop();

    expect(server.requests.filter((path) => path.startsWith("/mms/"))).toEqual([]);
    expect(ids()).toEqual(handed);
    expect(office.events.filter(({ kind }) => kind === "gap")).toEqual([]);
    const files = new AccountFiles({
      ...{ dir: join(office.dir, "kept"), key: KEY, log: silent },
      now: () => new Date(),
    });
    const state = files.open(files.names[0]!);
    const counts = (["held", "chat", "media", "had"] as const).map((kind) => state.count(kind));
    state.close();
    expect(counts).toEqual([1, 1, 0, 0]);
  });
});
