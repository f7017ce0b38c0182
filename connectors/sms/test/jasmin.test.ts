import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { hasJasmin, type Jasmin, startJasmin } from "@daybook/lab";
import { RecordingSink } from "@daybook/contract/testing";
import { hasJsmpp, Jsmpp } from "../../../test/fakes/jsmpp/index.ts";
import { capturing } from "./support/capturing.ts";
import { FERGUS, OFFICIAL, part } from "./fixtures/pdus.ts";
import { type Office, openOffice, records } from "./support/office.ts";

jest.setTimeout(300_000);

const RETRY_S = 3;
/** A loaded machine answers within it. */
const ANSWER_S = 20;

const isThere = hasJasmin() && hasJsmpp();
if (!isThere)
  process.stderr.write(
    "SKIPPED: SMS through Jasmin: Jasmin, RabbitMQ, Redis or jSMPP is missing: npm run lab -- --install\n",
  );

// A message goes from jSMPP's SMSC to Jasmin, which keeps it on a queue until Daybook takes it.
(isThere ? describe : describe.skip)("SMS through Jasmin", () => {
  let dir: string;
  let jsmpp: Jsmpp;
  let jasmin: Jasmin;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "sms-jasmin-"));
    jsmpp = await Jsmpp.start();
    const upstream = { port: jsmpp.port, systemId: "jasmin", password: "jpwd" };
    jasmin = (await startJasmin({ dir, upstream, retryS: RETRY_S, answerS: ANSWER_S }))!;
  });
  afterAll(async () => {
    await jasmin.stop();
    await jsmpp.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const account = () => ({
    hosts: [{ host: "127.0.0.1", port: jasmin.port }],
    systemId: jasmin.systemId,
    password: () => jasmin.password,
  });
  const open = (sink?: RecordingSink): Promise<Office> =>
    openOffice({ smpp: account(), ...(sink && { sink }) });
  const says = (text: string) =>
    jsmpp.deliver({ source: FERGUS, destination: OFFICIAL, bytes: Buffer.from(text) });
  const until = async (is: () => boolean) => {
    while (!is()) await sleep(20);
  };

  it("has one record of each that it refused, or was not bound for, and two of two with the same words", async () => {
    // Nobody is bound: Jasmin takes them all the same.
    for (const text of ["One", "Yes", "Yes"]) await says(text);
    // Kept or not, the first answers say no.
    const sink = new RecordingSink({ failures: 4, keep: true });
    const { events, connector } = await open(sink);
    await until(() => connector.health()[0]?.status === "live");
    await says("While it refuses");
    const seen = () => records(events()).map(({ event }) => event.text);
    await until(() => seen().length >= 4);
    // One more comes, and nothing of what was refused comes again after it.
    await sleep((RETRY_S + 1) * 1_000);
    await says("The last");
    await until(() => seen().includes("The last"));
    expect(seen().sort()).toEqual(["One", "The last", "While it refuses", "Yes", "Yes"]);
    expect(sink.attempts).toBeGreaterThan(4);
  });

  it("has one record of each that was durable, or not, when it was killed without an answer", async () => {
    const child = join(dir, "child");
    const killed = capturing({ ...jasmin, dir: child });
    const first = killed.start("after-durable");
    for (const text of ["Killed 1", "Killed 2", "Killed 3"]) await says(text);
    const { shortMessage, esmClass } = part(Buffer.from("half "), { reference: 3, total: 2, number: 1 });
    await jsmpp.deliver({ source: FERGUS, destination: OFFICIAL, bytes: shortMessage, esmClass });
    expect(await first).toEqual([null, "SIGKILL"]);
    expect(await killed.start("before-remembered")).toEqual([null, "SIGKILL"]);
    void killed.start();
    const other = part(Buffer.from("and half"), { reference: 3, total: 2, number: 2 });
    await jsmpp.deliver({
      ...{ source: FERGUS, destination: OFFICIAL },
      ...{ bytes: other.shortMessage, esmClass: other.esmClass },
    });
    const all = ["Killed 1", "Killed 2", "Killed 3", "half and half"];
    await until(() => all.every((text) => killed.records().includes(text)));
    expect(killed.records().sort()).toEqual(all);
    await killed.kill();
  });
});
