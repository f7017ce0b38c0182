import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { freePorts } from "@daybook/lab";
import { apiClient } from "@daybook/runtime";
import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import { BusyMac, type Did } from "./busy-mac.ts";
import { exported, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";
const ACCOUNT = "olivia@minister.example";
/** Of messages, between one thing that goes wrong and the next. */
const MEANWHILE = 20;

/** What came of it, and what Messages did. */
export interface RehearsedMac extends Rehearsed {
  readonly did: Did;
  /** Whether somebody else has read the same database. */
  readonly isJudged: boolean;
}

/**
 * A Mac's messages from end to end, as its agent hands them over: Messages goes on writing, editing and unsending while the
 * whole server is killed, and then the agent. What is left is a package that verifies, in which each thing is once, and has every
 * word that imessage-exporter reads of the same database.
 *
 * @param say told of each step, in words
 */
export async function rehearseIMessage(daybook: Daybook, say: (line: string) => void): Promise<RehearsedMac> {
  const [port] = await freePorts(1);
  const up = () => daybook.up("--agents-port", String(port));
  await up();
  await using mac = await BusyMac.start(daybook);
  say("A Mac's Messages is busy, made up by a program: no Mac and no Apple is needed.");
  try {
    const code = await offered(daybook);
    await until("the enrolment", async () => {
      await mac.enrol(code, `http://127.0.0.1:${port}`);
      return true;
    });
    mac.startAgent();
    say("Its agent is enrolled by a code, and runs.");

    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
    ]);
    const found = async (...of: string[]) =>
      (
        await daybook.json<{ total: number }>([
          ...["search", ...of, "--network", "imessage", "--limit", "1", "--matter", matter],
        ])
      ).total;
    const handedOver = (many: number) =>
      until("messages of the Mac", async () => (await found("said")) >= many);
    const written = async () => {
      const before = mac.rows;
      await until("Messages", () => Promise.resolve(mac.rows >= before + MEANWHILE));
    };

    await handedOver(MEANWHILE);
    await daybook.stop("SIGKILL");
    await written();
    say("The server was killed in the middle of it, and Messages went on.");
    await up();
    await handedOver((await found("said")) + MEANWHILE);
    await mac.stopAgent("SIGKILL");
    await written();
    say("The server is back, and has what the agent kept. The agent was killed, and Messages went on.");
    mac.startAgent();
    const did = await mac.quiet();
    // Of what was unsent before it was read, that alone is left.
    const least = {
      message: did.messages - did.unsends,
      edit: did.edits,
      delete: did.unsends + did.deleted,
      reaction: did.tapbacks,
    };
    for (const [kind, many] of Object.entries(least))
      await until(`${many} of ${kind}`, async () => (await found("--kind", kind)) >= many);
    if ((await found("better", "--kind", "edit")) !== did.edits)
      throw new Error("the edits are not found by their words");
    await mac.stopAgent();
    say(`Of ${did.messages} messages and ${did.edits} edits all that could be read is found.`);

    const rehearsed = await exported(daybook, "imessage", ["--matter", matter, "--network", "imessage"]);
    say("The messages are an evidence package, and it verifies.");
    const isJudged = await agrees(mac, did, await eventsIn(rehearsed.evidence));
    say(
      isJudged
        ? "imessage-exporter reads the same of the database: each of its words is in the package."
        : "imessage-exporter is missing: nobody else has read the database (npm run lab -- --install).",
    );
    return { ...rehearsed, did, isJudged };
  } finally {
    await daybook.stop();
  }
}

/** A code by which the official's Mac may enrol. */
async function offered(daybook: Daybook): Promise<string> {
  const token = (await readFile(join(daybook.home, "run/token"), "utf8")).trim();
  const owner = apiClient({ url: daybook.facts.url, token });
  try {
    const post = async (path: string, body: object) =>
      (await owner.call("post", path, { body })) as { id: string; code: string };
    const { id: custodian } = await post("/api/v1/custodians", { name: OFFICIAL });
    const { id: device } = await post("/api/v1/devices", { label: "Mac 12", reason: "issued to her" });
    const offer = { kind: "mac-imessage", network: "imessage", identifier: ACCOUNT, custodian, device };
    return (await post("/api/v1/agents", { ...offer, reason: "issued to her" })).code;
  } finally {
    owner.close();
  }
}

async function eventsIn(evidence: string): Promise<Event[]> {
  const dir = join(evidence, "data/records");
  const names = await readdir(dir);
  const records = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
  return records.map((record) => JSON.parse(record) as Event).filter(({ network }) => network === "imessage");
}

/**
 * Whether somebody else has read the database.
 *
 * @throws {Error} where what they read is not in the package, or the package has words that are neither theirs nor unsent
 */
async function agrees(mac: BusyMac, did: Did, events: readonly Event[]): Promise<boolean> {
  const judged = await mac.judged();
  if (!judged) return false;
  const [, counted] = /Total messages: ([\d,]+)/.exec(judged.counts) ?? [];
  if (Number(counted?.replaceAll(",", "")) !== did.messages + did.tapbacks)
    throw new Error("imessage-exporter counts other messages");
  const theirs = new Set(judged.text.match(/\bSaid (?:better )?\d+\b/g));
  const unsent = new Set(events.flatMap(({ kind, target }) => (kind === "delete" ? [target] : [])));
  const ours = events.filter(
    ({ kind, text }) => (kind === "message" || kind === "edit") && text !== undefined,
  );
  const words = new Set(ours.map(({ text }) => text));
  for (const one of theirs)
    if (!words.has(one)) throw new Error("imessage-exporter reads a text that is not in the package");
  for (const { text = "", networkId } of ours)
    if (!theirs.has(text) && !unsent.has(networkId))
      throw new Error(`imessage-exporter does not read the text of ${networkId}, which is in the package`);
  return true;
}
