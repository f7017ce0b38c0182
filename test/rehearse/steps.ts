import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";
import type { Daybook } from "../e2e/support/daybook.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const BIN = join(ROOT, "services/cli/bin/daybook.js");

/** What a rehearsal ended with. */
export interface Rehearsed {
  /** Records of the network in the package. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Where the evidence package is, while its Daybook lasts. */
  readonly evidence: string;
  /** What `daybook verify` said. */
  readonly verified: string;
}

/** Links a phone as an official does: with the code that the command line shows. @param scan shown once */
export async function linkByCode<Scanned>(
  daybook: Daybook,
  network: "signal" | "whatsapp",
  custodian: string,
  scan: (url: string) => Scanned | Promise<Scanned>,
): Promise<Scanned> {
  const child = spawn(NODE, [BIN, "link", network, "--custodian", custodian, "--json"], {
    env: daybook.env(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let scanned: { by: Scanned | Promise<Scanned> } | undefined;
  let isLinked = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const step = JSON.parse(line) as { step: string; url?: string };
    if (step.step === "show") scanned ??= { by: scan(step.url!) };
    if (step.step === "linked") isLinked = true;
  }
  if (!scanned || !isLinked) throw new Error("the phone was not linked");
  return scanned.by;
}

/**
 * Exports what is selected, and verifies the package.
 *
 * @throws {Error} when it does not verify
 */
export async function exported(
  daybook: Daybook,
  network: string,
  selection: readonly string[],
): Promise<Rehearsed> {
  const evidence = join(daybook.dir, "evidence");
  await daybook.json(["export", ...selection, "--out", evidence]);
  const { stdout, stderr, code } = await daybook.run(["verify", evidence]);
  if (code !== 0) throw new Error(`the package does not verify: ${stderr}`);
  return { byKind: await kindsIn(evidence, network), evidence, verified: stdout };
}

/** How many records of each kind are of a network, by the package's own index. */
async function kindsIn(evidence: string, of: string): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const line of (await readFile(join(evidence, "data/index.csv"), "utf8")).split("\n")) {
    const [, kind, network] = line.split("|");
    if (kind !== undefined && network === of) kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}
