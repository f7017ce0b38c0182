import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Figure } from "./figure.ts";

/** The table that people read. */
export function table(figures: readonly Figure[]): string {
  const head = ["figure", "value", "beside", "ratio", "aim", "met"];
  const rows = figures.map((one) => [
    one.figure,
    `${amount(one.value)} ${one.unit}`,
    one.baseline === null ? "" : `${one.baseline.name}: ${amount(one.baseline.value)}`,
    one.ratio === null ? "" : amount(one.ratio),
    one.aim,
    one.met ? "yes" : "**no**",
  ]);
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/**
 * Writes a suite's part of `RESULTS.md` and leaves the others' as they are. The reasons, by figure, come from
 * `reasons.json` and outlive the run.
 */
export async function writeResults(suite: string, figures: readonly Figure[], note: string): Promise<void> {
  const path = join(import.meta.dirname, "RESULTS.md");
  const reasons = new Map(
    Object.entries(
      JSON.parse(await readFile(join(import.meta.dirname, "reasons.json"), "utf8")) as Record<string, string>,
    ),
  );
  const short = figures
    .filter((one) => !one.met)
    .map((one) => `- ${one.figure}: ${reasons.get(one.figure) ?? "not looked into yet"}`);
  const cores = cpus();
  const machine = `${cores.length} cores (${cores[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const part = [
    `## ${suite}`,
    `\`npm run bench -- ${suite} --write\`, ${new Date().toISOString().slice(0, 10)}, on ${machine}. ${note}`,
    table(figures),
    ...(short.length > 0 ? ["### Where it falls short", short.join("\n")] : []),
  ].join("\n\n");
  const [head = "", ...parts] = (await readFile(path, "utf8")).trimEnd().split(/\n+(?=## )/);
  const at = parts.findIndex((one) => one.startsWith(`## ${suite}\n`));
  parts.splice(at < 0 ? parts.length : at, 1, part);
  await writeFile(path, `${[head, ...parts].join("\n\n")}\n`);
}

function amount(value: number): string {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 6 });
}
