import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../deployment/deployment.ts";

const PATIENCE_MS = 180_000;
const POLL_MS = 500;

interface Status {
  readonly shards: readonly { shard: string; size: number; catalogued: number; lag: number }[];
}

/** The lines of a made-up export, numbered from 0: no two are the same. */
export function madeUpExport(name: string, lines: number): string {
  return Array.from({ length: lines }, (_, i) => {
    const minute = `${String(Math.floor(i / 60) % 24).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`;
    const day = String(1 + (Math.floor(i / 1_440) % 28)).padStart(2, "0");
    return `${day}/05/2024, ${minute} - Ann Lee: ${name} ${i} of the halcyon log\n`;
  }).join("");
}

/** Imports a made-up export as a person does. @returns how many records came of it */
export async function importMadeUp(deployment: Deployment, name: string, lines: number): Promise<number> {
  const file = join(deployment.dir, `WhatsApp Chat with ${name}.txt`);
  await writeFile(file, madeUpExport(name, lines));
  const { records } = await deployment.json<{ records: number }>([
    ...["import", file, "--custodian", "Ann Lee"],
  ]);
  return records;
}

/** Records of messages, in every shard but `audit`. */
export async function eventRecords(deployment: Deployment): Promise<number> {
  const { shards } = await deployment.json<Status>(["status"]);
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
export async function untilRecords(deployment: Deployment, records: number): Promise<number> {
  return until(`${records} records`, async () => {
    const found = await eventRecords(deployment);
    return found >= records && found;
  });
}

interface Page {
  readonly total: number;
  readonly results: readonly { id: string; kind: string; text: string | null }[];
  readonly next: string | null;
}

/** Ids and texts of all that a search finds, newest first. */
export async function findAll(deployment: Deployment, matter: string, words: string[]): Promise<string[]> {
  const found: string[] = [];
  let next: string | null = null;
  do {
    const cursor: string[] = next === null ? [] : ["--cursor", next];
    const page: Page = await deployment.json<Page>([
      ...["search", ...words, "--matter", matter, "--limit", "200", ...cursor],
    ]);
    found.push(...page.results.map(({ id, text }) => `${id} ${text ?? ""}`));
    next = page.next;
  } while (next !== null);
  return found;
}

/** Exports all that a matter may see, and verifies the package offline, against the deployment's own keys. */
export async function exportAndVerify(
  deployment: Deployment,
  matter: string,
  name: string,
): Promise<{ ok: boolean; records: number; out: string; problems: string }> {
  const out = join(deployment.dir, name);
  const made = await deployment.json<{ records: number }>([
    ...["export", "--matter", matter, "--out", out, "--formats", "records"],
  ]);
  // A shard without records has no log, and `verify` takes a key that fits none for a fault.
  const logs = await readdir(join(out, "data/logs"));
  const keys = deployment.vkeys
    .filter((vkey) => logs.includes(vkey.split("+")[0]!.split("/").at(-1)!))
    .flatMap((vkey) => ["--key", vkey]);
  const { stdout } = await deployment.run(["verify", out, ...keys, "--json"]);
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
