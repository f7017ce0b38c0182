import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { jest } from "@jest/globals";
import { BlueBubblesServer } from "../fakes/bluebubbles/index.ts";
import { type ChatDb, guidOf, PHOTO, writeStory } from "../fakes/imessage/index.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(240_000);

type Evidence = Pick<Event, "kind" | "method" | "provenance" | "networkId" | "connector">;

let daybook: Daybook;
let db: ChatDb;
let server: BlueBubblesServer;
beforeAll(async () => {
  daybook = new Daybook();
  db = writeStory(join(daybook.dir, "Messages"));
  server = await BlueBubblesServer.start(db);
});
afterAll(async () => {
  await daybook.remove();
  await server.close();
  db.close();
});

it("ends with a verified package of a Mac's messages, over a kill", async () => {
  const file = daybook.write(
    "bluebubbles.json",
    JSON.stringify({
      url: server.url,
      password: server.password,
      account: "olivia@minister.example",
      custodian: "Olivia Sinclair",
      pollSeconds: 1,
    }),
  );
  chmodSync(file, 0o600);
  await daybook.up("--bluebubbles", file);
  const { id: matter } = await daybook.json<{ id: string }>([
    ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
  ]);
  const found = async (...words: string[]) =>
    (await daybook.json<{ total: number }>(["search", ...words, "--network", "imessage", "--matter", matter]))
      .total;
  await until("the story", async () => (await found("ferry")) > 0);
  await daybook.stop("SIGKILL");
  const meanwhile = { chat: 1, from: 1, at: new Date(), name: "meanwhile" };
  db.message({ ...meanwhile, runs: [{ text: "While you were away, the tide turned." }] });
  await daybook.up("--bluebubbles", file);
  await until("what was written meanwhile", async () => (await found("tide")) === 1);

  const out = join(daybook.dir, "evidence");
  await daybook.json(["export", "--matter", matter, "--network", "imessage", "--out", out]);
  const verified = await daybook.run(["verify", out, "--key", daybook.vkeys[0]!]);
  expect(verified.stdout).toMatch(/^Good: \d+ records, each proved/);

  const events = readdirSync(join(out, "data/records"))
    .map((name) => JSON.parse(readFileSync(join(out, "data/records", name), "utf8")) as Evidence)
    .filter(({ connector }) => connector.name === "bluebubbles");
  const said = events.filter(({ kind }) => kind === "message").map(({ networkId }) => networkId);
  // A text message is of another network; what was unsent, and what lies in Recently Deleted, is not served.
  expect(said.sort()).toEqual(
    ["ask", "answer", "edited", "reply", "photo", "gone", "hello", "meanwhile"].map(guidOf).sort(),
  );
  expect(new Set(events.map(({ method, provenance }) => `${method} ${provenance}`))).toEqual(
    new Set(["device-agent captured"]),
  );
  expect([...new Set(events.map(({ kind }) => kind))]).toEqual(
    expect.arrayContaining(["message", "edit", "delete", "reaction", "receipt", "membership", "coverage"]),
  );
  const attached = readdirSync(join(out, "data/attachments"));
  expect(attached.map((name) => readFileSync(join(out, "data/attachments", name)))).toEqual([PHOTO]);
});
