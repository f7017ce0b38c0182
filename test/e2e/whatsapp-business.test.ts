import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import type { Event } from "@daybook/contract";
import { jest } from "@jest/globals";
import {
  ACCOUNT,
  DISPLAY,
  FERGUS,
  message,
  messages,
  NUMBER,
  statuses,
  text,
} from "../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { GraphApi } from "../fakes/graph-api.ts";
import { until } from "./support/archive.ts";
import { Daybook } from "./support/daybook.ts";

jest.setTimeout(240_000);

const APP = { secret: "an app secret, made up", accessToken: "an access token, made up" };
const PICTURE = Buffer.from("a picture of the pier, made up");

interface Stood {
  readonly accounts: readonly {
    readonly status: string;
    readonly method: string;
    readonly alerts: string[];
  }[];
}

/** A record, as far as it is looked at. */
type Evidence = Pick<Event, "kind" | "method" | "networkId" | "raw">;

let daybook: Daybook;
let api: GraphApi;
let webhook: string;
let file: string;
beforeAll(async () => {
  daybook = new Daybook();
  api = await GraphApi.start(APP);
  api.numbers.set(NUMBER, { display_phone_number: DISPLAY, status: "CONNECTED", quality_rating: "GREEN" });
  const port = await freePort();
  webhook = `http://127.0.0.1:${port}/webhooks/whatsapp`;
  file = daybook.write(
    "whatsapp-business.json",
    JSON.stringify({
      numbers: [{ id: NUMBER, custodian: "Olivia Sinclair" }],
      appSecrets: [APP.secret],
      verifyToken: "a verify token, made up",
      accessToken: APP.accessToken,
      graphUrl: api.url,
      port,
    }),
  );
});
afterAll(async () => {
  await daybook.remove();
  await api.close();
});

const now = () => String(Math.floor(Date.now() / 1_000));

it("refuses a file that others may read, in one line", async () => {
  const { code, stderr } = await daybook.run(["up", "--port", "0", "--whatsapp-business", file]);
  expect([code, stderr.trim().split("\n")]).toEqual([
    1,
    [expect.stringContaining("others may read the file of WhatsApp's official numbers")],
  ]);
  chmodSync(file, 0o600);
});

it("ends with a verified package of an official number's messages, over a kill", async () => {
  const up = () => daybook.up("--whatsapp-business", file);
  await up();
  const { id, sha256 } = api.upload(PICTURE, "image/jpeg");
  const image = { id, sha256, mime_type: "image/jpeg", caption: "The pier" };
  await api.deliver(
    webhook,
    messages(
      text("Can the ferry sail on Friday?", { id: "wamid.1", timestamp: now() }),
      message({ type: "image", image }, { id: "wamid.2", timestamp: now() }),
      message(
        { type: "reaction", reaction: { message_id: "wamid.1", emoji: "\u{1f44d}" } },
        { id: "wamid.3" },
      ),
      message(
        { type: "edit", edit: { original_message_id: "wamid.1", message: text("On Saturday?") } },
        { id: "wamid.4" },
      ),
      message({ type: "revoke", revoke: { original_message_id: "wamid.2" } }, { id: "wamid.5" }),
      message({ type: "unsupported", errors: [{ code: 131051 }] }, { id: "wamid.6" }),
    ),
  );
  await daybook.stop("SIGKILL");
  const meanwhile = Array.from({ length: 5 }, (_, n) =>
    api.deliver(webhook, messages(text(`While you were away, ${n + 1} of 5.`, { id: `wamid.away-${n}` }))),
  );
  await up();
  await Promise.all(meanwhile);
  await api.deliver(
    webhook,
    statuses({ id: "wamid.ours", status: "read", timestamp: now(), recipient_id: FERGUS }),
  );

  const { id: matter } = await daybook.json<{ id: string }>([
    ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
  ]);
  const found = (...words: string[]) =>
    daybook.json<{ total: number }>(["search", ...words, "--network", "whatsapp", "--matter", matter]);
  await until("what was written meanwhile", async () => (await found('"of 5"')).total === 5);
  await until("the picture", async () => (await found("attachment")).total === 1);
  const out = join(daybook.dir, "evidence");
  await daybook.json(["export", "--matter", matter, "--network", "whatsapp", "--out", out]);
  const verified = await daybook.run(["verify", out, "--key", daybook.vkeys[0]!]);
  expect(verified.stdout).toMatch(/^Good: \d+ records, each proved/);

  const events = readdirSync(join(out, "data/records"))
    .map((name) => JSON.parse(readFileSync(join(out, "data/records", name), "utf8")) as Evidence)
    .filter(({ method }) => method === "business-api");
  const ids = events.flatMap(({ kind, networkId }) => (kind === "message" ? [networkId] : []));
  expect(ids.sort()).toEqual(["wamid.1", "wamid.2", ...[0, 1, 2, 3, 4].map((n) => `wamid.away-${n}`)]);
  const kinds = new Set(events.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(
    expect.arrayContaining(["message", "reaction", "edit", "delete", "gap", "notice", "receipt", "coverage"]),
  );
  const first = events.find(({ networkId, kind }) => networkId === "wamid.1" && kind === "message")!;
  expect(Buffer.from(first.raw, "base64").toString()).toContain("Can the ferry sail on Friday?");
  const attached = readdirSync(join(out, "data/attachments"));
  expect(attached.map((name) => readFileSync(join(out, "data/attachments", name)))).toEqual([PICTURE]);
});

it("tells how the number stands, also after a start", async () => {
  const stands = () => daybook.json<Stood>(["link", "list"]);
  expect((await stands()).accounts).toMatchObject([{ status: "live", method: "business-api", alerts: [] }]);
  const value = { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: "DISABLE" } };
  const entry = { id: ACCOUNT, time: Number(now()), changes: [{ field: "account_update", value }] };
  await api.deliver(webhook, { object: "whatsapp_business_account", entry: [entry] });
  expect((await stands()).accounts).toMatchObject([{ status: "banned", alerts: ["banned"] }]);
  await daybook.stop("SIGKILL");
  await daybook.up("--whatsapp-business", file);
  await until("capture", async () => (await stands()).accounts.length === 1);
  expect((await stands()).accounts).toMatchObject([{ status: "banned" }]);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
