import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { started } from "../../../test/started.ts";
import { describeServers } from "./support/describe-servers.ts";
import { Office } from "./support/office.ts";

const CAPTURER = join(import.meta.dirname, "children", "capturer.ts");
const KILLS = 50;
const MESSAGES = 10_000;
/** Sent at once, as many as a server keeps in flight. */
const IN_FLIGHT = 60;

let office: Office;
afterEach(() => office.close());

it(
  "keeps each message as one record, in the order sent, when its process is killed again and again",
  async () => {
    office = await Office.open();
    const { server } = office.mock;
    const friend = await server.createPrimaryDevice({ profileName: "Fred" });
    const phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
    const device = await office.link(phone, [friend]);
    await office.stop();
    const output = join(office.dir, "stream");
    const description = describeServers(office);

    const said: string[] = [];
    const at = Date.now();
    const sent = { all: false };
    const sending = (async () => {
      for (let first = 0; first < MESSAGES; first += IN_FLIGHT) {
        const envelopes = [];
        for (let i = first; i < Math.min(MESSAGES, first + IN_FLIGHT); i += 1) {
          said.push(`message ${i}`);
          envelopes.push(
            await friend.encryptText(device, `message ${i}`, { timestamp: at + i, sealed: i % 2 === 0 }),
          );
        }
        await Promise.all(envelopes.map((envelope) => server.send(device, envelope)));
      }
      sent.all = true;
    })();

    let kills = 0;
    while (!sent.all || kills < KILLS) {
      const child = await start(office.dir, description, output);
      const running = kills < KILLS ? sleep(Math.random() * 250) : sending;
      await running;
      kills += 1;
      child.kill("SIGKILL");
      await once(child, "close");
    }
    await sending;
    const child = await start(office.dir, description, output);
    await office.until(() => records(output).length >= MESSAGES);
    child.kill("SIGKILL");
    await once(child, "close");

    expect(kills).toBeGreaterThanOrEqual(KILLS);
    expect(records(output)).toEqual(said);
    office.start();
  },
  20 * 60_000,
);

async function start(dir: string, description: string, output: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CAPTURER, dir, description, output], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await started(child);
  return child;
}

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
function records(output: string): string[] {
  if (!existsSync(output)) return [];
  const seen = new Set<string>();
  const texts: string[] = [];
  for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
    const [eventId, digest, kind, text] = JSON.parse(line) as [string, string, string, string | undefined];
    const id = `${eventId} ${digest}`;
    if (seen.has(id)) continue;
    seen.add(id);
    if (kind !== "coverage") texts.push(text ?? kind);
  }
  return texts;
}
