import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasKannel, type Kannel, startKannel } from "@daybook/lab";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { readHeader } from "../src/reading/header.ts";
import { type MessageBody, STATUS } from "../src/smpp/index.ts";
import { FERGUS, message, OFFICIAL, words } from "./fixtures/pdus.ts";
import { openOffice } from "./support/office.ts";

const SHIP = "\u{1f6a2}";

if (!hasKannel()) process.stderr.write("SKIPPED: SMS beside Kannel: Debian's kannel is missing\n");
(hasKannel() ? describe : describe.skip)("SMS beside Kannel", () => {
  let dir: string;
  let smsc: Smsc;
  let kannel: Kannel;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "sms-kannel-"));
    smsc = await Smsc.start();
    kannel = (await startKannel({ dir, smsc: { port: smsc.port, systemId: "kannel", password: "secret" } }))!;
    await smsc.bound();
  });
  afterAll(async () => {
    await kannel.stop();
    await smsc.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** What it submitted since. */
  const submitted = async (count: number): Promise<MessageBody[]> => {
    const bodies = () => smsc.received.flatMap((pdu) => (pdu.command === "submit_sm" ? [pdu.body] : []));
    while (bodies().length < count) await sleep(5);
    return bodies();
  };

  it("takes the fake SMSC for one: it binds, and acknowledges what that delivers", async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => smsc.deliver(message(words(`Message ${n} for €5`)))),
    );
    expect(answers).toEqual(Array(300).fill(STATUS.ok));
    expect(smsc.binds).toBe(1);
  });

  it.each([
    ["in GSM's alphabet", `The ferry [to the pier] costs €5. ${"It sails on Friday. ".repeat(19)}`, false],
    ["in UTF-16, with letters of two units", `Łódź ${SHIP}${`a${SHIP}`.repeat(60)}`, true],
  ])("splits a long text %s, and Daybook has it whole", async (_name, long, isUnicode) => {
    const text = long.trim();
    smsc.received.length = 0;
    await kannel.send({ from: FERGUS, to: OFFICIAL, text, isUnicode, hasReceipts: true });
    const parts = await submitted(3);
    const places = parts.map(({ shortMessage }) => readHeader(shortMessage)?.place);
    expect(places.map((place) => place?.total)).toEqual([3, 3, 3]);
    expect(places.map((place) => place?.number).sort()).toEqual([1, 2, 3]);
    // Who relays a long message is told of its first part alone.
    expect(parts.map(({ registeredDelivery }) => registeredDelivery & 3)).toEqual([1, 0, 0]);

    const { smsc: theirs, heard } = await openOffice();
    for (const part of parts.toReversed()) await theirs.store({ ...part, registeredDelivery: 0 });
    const [one] = await heard(1);
    expect(one?.event.text).toBe(text);
    expect(one?.event.sender?.id).toBe(`+${FERGUS}`);
  });
});
