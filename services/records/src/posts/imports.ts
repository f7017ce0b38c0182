import { createHash, randomUUID } from "node:crypto";
import { apply } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import { RecordsError } from "../error.ts";
import { type Fact, factSchemas } from "../facts.ts";
import { type ImportProblem, readImport } from "./import-file.ts";
import { type ImportedAction, LineError, takeLine } from "./import-line.ts";

/** What a file came to, or would. */
export interface ImportResult {
  /** Whether all of it was taken; of a dry run, whether it would be. Nothing of a file is taken where not all is. */
  readonly ok: boolean;
  readonly dryRun: boolean;
  readonly lines: number;
  /** Facts by their action: none for what is so already. */
  readonly made: Readonly<Partial<Record<ImportedAction, number>>>;
  /** In the order of the lines: the first 200. */
  readonly problems: readonly ImportProblem[];
  readonly problemsTotal: number;
}

const MAX_PROBLEMS = 200;
/** What one change can carry, less what is about the whole of it: see `MAX_FACT_BYTES`. */
const MAX_FACTS_BYTES = 1_800_000;

/** Takes files of people, posts, accounts and devices: each in one change, or not at all. */
export class Imports {
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #zone: string;
  readonly #now: () => Date;

  constructor(of: { changes: Changes; cells: Cells; zone: string; now: () => Date }) {
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#zone = of.zone;
    this.#now = of.now;
  }

  /**
   * Repeating it is harmless: what is so already is not said again.
   *
   * @param file CSV with a header: see `COLUMNS`
   * @param dryRun only tells what it would come to
   */
  async take(file: string, of: { dryRun: boolean; reason: string }, actor: string): Promise<ImportResult> {
    const { lines, problems: unreadable } = readImport(file);
    const problems: ImportProblem[] = [...unreadable];
    const { dryRun, reason } = of;
    if (lines.length === 0) return result({ dryRun, lines: 0, problems, made: [] });
    const wrong = new Set(unreadable.map(({ line }) => line));
    return this.#changes.make(actor, async (tx) => {
      const facts: { action: ImportedAction; detail: Record<string, unknown> & { id: string } }[] = [];
      const change = randomUUID();
      const at = this.#now().toISOString();
      await tx.query("SAVEPOINT file");
      for (const line of lines) {
        if (wrong.has(line.line)) continue;
        const before = facts.length;
        await tx.query("SAVEPOINT line");
        try {
          await takeLine(line, {
            tx,
            cells: this.#cells,
            zone: this.#zone,
            reason,
            make: async (action, detail) => {
              const parsed = factSchemas[action].parse({ ...detail, change });
              await apply(tx, { action, actor, matter: undefined, at, detail: parsed } as Fact, this.#cells);
              facts.push({ action, detail });
            },
          });
          await tx.query("RELEASE SAVEPOINT line");
        } catch (error) {
          const isRefused = error instanceof RecordsError && error.code === "conflict";
          if (!(error instanceof LineError) && !isRefused) throw error;
          await tx.query("ROLLBACK TO SAVEPOINT line");
          facts.length = before;
          const column = error instanceof LineError ? error.column : null;
          problems.push({ line: line.line, column, problem: error.message });
        }
      }
      // The change itself makes all of it, as a replay does.
      await tx.query("ROLLBACK TO SAVEPOINT file");
      if (JSON.stringify(facts).length > MAX_FACTS_BYTES)
        problems.push({
          line: null,
          column: null,
          problem: "the file says too much for one change: split it",
        });
      const told = result({ dryRun, lines: lines.length, problems, made: facts });
      if (dryRun || problems.length > 0 || facts.length === 0) return { result: told };
      const digest = createHash("sha256").update(file).digest("hex");
      const detail = { id: randomUUID(), file: digest, lines: lines.length, reason, facts: asJson(facts) };
      return { fact: { action: "registry.import", detail }, result: told };
    });
  }
}

function result(of: {
  dryRun: boolean;
  lines: number;
  problems: readonly ImportProblem[];
  made: readonly { action: ImportedAction }[];
}): ImportResult {
  const made: Partial<Record<ImportedAction, number>> = {};
  for (const { action } of of.made) made[action] = (made[action] ?? 0) + 1;
  const sorted = [...of.problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return {
    ok: sorted.length === 0,
    dryRun: of.dryRun,
    lines: of.lines,
    made,
    problems: sorted.slice(0, MAX_PROBLEMS),
    problemsTotal: sorted.length,
  };
}

type JsonFacts = Extract<Fact, { action: "registry.import" }>["detail"]["facts"];

function asJson(facts: readonly object[]): JsonFacts {
  return JSON.parse(JSON.stringify(facts)) as JsonFacts;
}
