import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphApi } from "../../../test/fakes/graph-api.ts";
import { mountSmallDisk } from "../../../test/faults/small-disk.ts";
import { message, messages, NUMBER } from "./fixtures/payloads.ts";
import { type Office, openOffice } from "./support/office.ts";

const dir = mkdtempSync(join(tmpdir(), "whatsapp-business-disk-"));
const disk = mountSmallDisk(join(dir, "disk"), 1);
if (!disk) console.warn("no disk can be mounted here (it takes root): tests of a full disk are SKIPPED");

afterAll(() => {
  disk?.unmount();
  rmSync(dir, { recursive: true, force: true });
});

(disk ? describe : describe.skip)("a full disk", () => {
  let office: Office;
  beforeEach(async () => {
    const own = join(disk!.path, "state");
    mkdirSync(own);
    office = await openOffice({ dir: own });
  });
  afterEach(() => office.close());

  it("has Meta come again until there is room, and loses nothing, of media either", async () => {
    const bytes = Buffer.from("a picture of the pier, made up");
    const image = { ...office.api.upload(bytes, "image/jpeg"), mime_type: "image/jpeg" };
    const body = GraphApi.encode(messages(message({ type: "image", image })));
    const post = () => office.api.post(office.webhook, body);
    disk!.fill();
    expect(await post()).toBe(503);
    expect(await post()).toBe(503);
    expect(office.sink.captured).toEqual([]);
    expect(office.connector.health()).toHaveLength(1);
    await disk!.makeRoom();
    expect(await post()).toBe(200);
    const { attachments } = await office.event(({ event }) => event.target === "wamid.in-1");
    expect(office.sink.attachments.get(attachments![0]!.sealed)).toEqual(bytes);
    office = await office.restart();
    expect(await office.connector.relay.conversation(NUMBER, "447700900123")).toBeDefined();
    const kinds = office.sink.captured.map(({ event }) => event.kind);
    expect(kinds.filter((kind) => kind === "message")).toHaveLength(1);
  });
});
