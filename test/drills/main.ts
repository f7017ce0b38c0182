import { parseArgs } from "node:util";
import { archiver } from "./archiver.ts";
import { Course } from "./course.ts";
import { kafka } from "./kafka.ts";
import { large } from "./large.ts";
import { restore } from "./restore.ts";

const DRILLS = { restore, archiver, kafka, large };
const USAGE = `npm run drill -- ${Object.keys(DRILLS).join("|")} [--json] [--lines N] [--gib N]\n`;

function usage(): never {
  process.stderr.write(USAGE);
  process.exit(2);
}

function asked() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        lines: { type: "string" },
        gib: { type: "string" },
      },
    });
    const name = positionals[0] ?? "";
    const [lines, gib] = [values.lines, values.gib].map((text) =>
      text === undefined ? undefined : Number(text),
    );
    const isRight =
      positionals.length === 1 &&
      Object.hasOwn(DRILLS, name) &&
      (lines === undefined || (Number.isInteger(lines) && lines >= 100 && lines <= 1_000_000)) &&
      (gib === undefined || (gib > 0 && gib <= 5));
    if (!isRight) return usage();
    const size = { ...(lines !== undefined && { lines }), ...(gib !== undefined && { gib }) };
    return { name: name as keyof typeof DRILLS, json: values.json, size };
  } catch {
    return usage();
  }
}

const { name, json, size } = asked();
const course = new Course(name, (line) => void (json ? process.stderr : process.stdout).write(`${line}\n`));
try {
  if (!(await DRILLS[name](course, size))) {
    process.stderr.write(`drill: an engine is missing: npm run lab -- --install\n`);
    process.exit(1);
  }
} catch (error) {
  process.stderr.write(`drill: it broke off: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
const report = course.report();
if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
else
  process.stdout.write(
    `${report.ok ? "All of it held" : "IT DID NOT HOLD"}; lost: ${report.lost} records.\n`,
  );
process.exit(report.ok ? 0 : 1);
