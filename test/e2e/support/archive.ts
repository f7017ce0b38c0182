import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { madeUpExport } from "../../fixtures/made-up-export.ts";
import type { Driven } from "./daybook.ts";

const PATIENCE_MS = 180_000;
const POLL_MS = 500;

interface Status {
  readonly shards: readonly { shard: string; size: number; catalogued: number; lag: number }[];
}

/** Imports a made-up export as a person does. @returns how many records came of it */
export async function importMadeUp(daybook: Driven, name: string, lines: number): Promise<number> {
  const file = join(daybook.dir, `WhatsApp Chat with ${name}.txt`);
  await writeFile(
    file,
    madeUpExport(lines, (line) => `${name} ${line} of the halcyon log`, "Ann Lee"),
  );
  const { records } = await daybook.json<{ records: number }>([
    ...["import", file, "--custodian", "Ann Lee"],
  ]);
  return records;
}

/** Records of messages, in every shard but `audit`. */
export async function eventRecords(daybook: Driven): Promise<number> {
  const { shards } = await daybook.json<Status>(["status"]);
  return shards.filter(({ shard }) => shard !== "audit").reduce((sum, { catalogued }) => sum + catalogued, 0);
}

/** Asks until what is asked for is there. @throws {Error} after three minutes, with the last failure */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  let failure: unknown;
  while (Date.now() < end) {
    const answer = await ask().catch((error: unknown) => void (failure = error));
    if (answer !== undefined && answer !== false) return answer;
    await sleep(POLL_MS);
  }
  throw new Error(`not in time: ${what}`, { cause: failure });
}

/** Waits until there are at least so many records of messages. */
export async function untilRecords(daybook: Driven, records: number): Promise<number> {
  return until(`${records} records`, async () => {
    const found = await eventRecords(daybook);
    return found >= records && found;
  });
}

interface Page {
  readonly total: number;
  readonly results: readonly { id: string; kind: string; text: string | null }[];
  readonly next: string | null;
}

/** Ids and texts of all that a search finds, newest first. */
export async function findAll(daybook: Driven, matter: string, words: string[]): Promise<string[]> {
  const found: string[] = [];
  let next: string | null = null;
  do {
    const cursor: string[] = next === null ? [] : ["--cursor", next];
    const page: Page = await daybook.json<Page>([
      ...["search", ...words, "--matter", matter, "--limit", "200", ...cursor],
    ]);
    found.push(...page.results.map(({ id, text }) => `${id} ${text ?? ""}`));
    next = page.next;
  } while (next !== null);
  return found;
}

/** Exports all that a matter may see, and verifies the package offline, against its own keys. */
export async function exportAndVerify(
  daybook: Driven,
  matter: string,
  name: string,
): Promise<{ ok: boolean; records: number; out: string; problems: string }> {
  const out = join(daybook.dir, name);
  const made = await daybook.json<{ records: number }>([
    ...["export", "--matter", matter, "--out", out, "--formats", "records"],
  ]);
  // A shard without records has no log, and `verify` takes a key that fits none for a fault.
  const logs = await readdir(join(out, "data/logs"));
  const keys = daybook.vkeys
    .filter((vkey) => logs.includes(vkey.split("+")[0]!.split("/").at(-1)!))
    .flatMap((vkey) => ["--key", vkey]);
  const { stdout } = await daybook.run(["verify", out, ...keys, "--json"]);
  const {
    ok,
    records,
    problems = [],
  } = JSON.parse(stdout) as {
    ok: boolean;
    records: number;
    problems?: object[];
  };
  return { ok: ok && records === made.records, records, out, problems: JSON.stringify(problems) };
}

/** Opens a matter. @returns its id */
export async function openMatter(daybook: Driven, title: string): Promise<string> {
  const { id } = await daybook.json<{ id: string }>(["matter", "open", "--title", title, "--kind", "audit"]);
  return id;
}

/** Whether `daybook log fsck` finds nothing wrong. */
export async function isClean(daybook: Driven): Promise<boolean> {
  const { code, stdout } = await daybook.run(["log", "fsck", "--json"]);
  return code === 0 && (JSON.parse(stdout) as { ok: boolean }).ok;
}
