import { chmodSync } from "node:fs";
import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import { Jsmpp } from "../fakes/jsmpp/index.ts";
import { exported, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";
const NUMBER = "447700900123";
const FERGUS = "447700900456";
const UTF16 = 8;
const HAS_HEADER = 0x40;
const SHIP = "\u{1f6a2}";

/**
 * Text messages from end to end, from jSMPP's own SMSC: what is sent to an official number while the whole server is killed
 * is delivered until it is taken, once each. What is left is a package that verifies.
 *
 * @param say told of each step, in words
 */
export async function rehearseSms(daybook: Daybook, say: (line: string) => void): Promise<Rehearsed> {
  const smsc = await Jsmpp.start();
  try {
    say("jSMPP's SMSC is up: nothing of this goes to a telephone network.");
    const settings = {
      numbers: [{ number: `+${NUMBER}`, custodian: OFFICIAL }],
      country: "GB",
      smpp: { hosts: [`smpp://127.0.0.1:${smsc.port}`], systemId: "daybook", password: "secret" },
    };
    const file = daybook.write("sms.json", JSON.stringify(settings));
    chmodSync(file, 0o600);
    const up = () => daybook.up("--sms", file);
    const says = (text: string, more: { esmClass?: number; dataCoding?: number; bytes?: Uint8Array } = {}) =>
      smsc.deliver({ source: FERGUS, destination: NUMBER, bytes: Buffer.from(text, "latin1"), ...more });
    await up();
    await says("Can the ferry sail on Friday?");
    await says("Yes");
    await says("Yes");
    say("Fergus wrote to the official number, and the same word twice.");

    const words = Buffer.from(`The pilot says no ${SHIP}`, "utf16le").swap16();
    // In the middle of the ship.
    const cut = words.length - 2;
    const part = (number: number, bytes: Uint8Array) =>
      says("", {
        ...{ esmClass: HAS_HEADER, dataCoding: UTF16 },
        bytes: Buffer.from([5, 0, 3, 77, 2, number, ...bytes]),
      });
    await part(1, words.subarray(0, cut));
    await daybook.stop("SIGKILL");
    say("The server was killed when half of a long message had come.");
    const meanwhile = (async () => {
      await part(2, words.subarray(cut));
      for (let n = 1; n <= 5; n += 1) await says(`While you were away, ${n} of 5.`);
    })();
    await up();
    await meanwhile;
    say("The other half and five more were delivered until it took them.");

    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
    ]);
    const search = (...more: string[]) =>
      daybook.json<{ total: number }>(["search", ...more, "--network", "sms", "--matter", matter]);
    await until("the last message", async () => (await search('"of 5"')).total === 5);
    await until("the long message", async () => (await search('"pilot says no"')).total === 1);
    const rehearsed = await exported(daybook, "sms", ["--matter", matter, "--network", "sms"]);
    say("The messages are an evidence package, and it verifies.");
    return rehearsed;
  } finally {
    await daybook.stop();
    await smsc.close();
  }
}
