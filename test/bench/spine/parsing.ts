import { join } from "node:path";
import { type Bench, figure } from "../figure.ts";
import { runCommand } from "../../e2e/support/daybook.ts";
import { writeChat } from "./chat-text.ts";

const MESSAGES = 1_000_000;
const SHARED_MESSAGES = 300_000;
const ROUNDS = 3;
const MB = 1_000_000;

interface Parsed {
  readonly records: number;
  readonly ms: number;
  readonly grownBytes: number;
}

/** Reading an export, twice over as an import does, beside `whatsapp-chat-parser` on a file that it reads too. */
export const parsing: Bench = async ({ scale, dir, say }) => {
  const messages = Math.round(MESSAGES * scale);
  const shared = Math.round(SHARED_MESSAGES * scale);
  const large = join(dir, "large.txt");
  const small = join(dir, "small.txt");
  const largeBytes = await writeChat(large, messages);
  const smallBytes = await writeChat(small, shared);
  const ours: Parsed[] = [];
  const whole: Parsed[] = [];
  const theirs: Parsed[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await parse("daybook", small, shared));
    theirs.push(await parse("whatsapp-chat-parser", small, shared));
    whole.push(await parse("daybook", large, messages));
    say(`round ${round}: ${Math.round(largeBytes / MB / ((whole.at(-1)?.ms ?? 0) / 1000))} MB/s`);
  }
  const rate = (bytes: number, runs: readonly Parsed[]) => bytes / MB / (best(runs, "ms") / 1000);
  const beside = "whatsapp-chat-parser, same file";
  return [
    figure({
      figure: `parse of a ${Math.round(largeBytes / MB)} MB export`,
      value: rate(largeBytes, whole),
      unit: "MB/s",
      aim: "60 MB/s",
      met: (value) => value >= 60,
    }),
    figure({
      figure: `parse of a ${Math.round(smallBytes / MB)} MB export`,
      value: rate(smallBytes, ours),
      unit: "MB/s",
      baseline: { name: beside, value: rate(smallBytes, theirs) },
      aim: "not slower",
      met: (_, ratio) => ratio >= 1,
    }),
    figure({
      figure: `memory to parse ${Math.round(largeBytes / MB)} MB`,
      value: best(whole, "grownBytes") / MB,
      unit: "MB",
      baseline: {
        name: `whatsapp-chat-parser on ${Math.round(smallBytes / MB)} MB`,
        value: best(theirs, "grownBytes") / MB,
      },
      aim: "a tenth on the same file",
      met: () => best(ours, "grownBytes") * 10 <= best(theirs, "grownBytes"),
    }),
    figure({
      figure: `memory to parse ${Math.round(smallBytes / MB)} MB`,
      value: best(ours, "grownBytes") / MB,
      unit: "MB",
      baseline: { name: beside, value: best(theirs, "grownBytes") / MB },
      aim: "a tenth",
      met: (_, ratio) => ratio <= 0.1,
    }),
  ];
};

async function parse(parser: string, path: string, expected: number): Promise<Parsed> {
  const child = join(import.meta.dirname, "parse-child.ts");
  const { stdout, stderr } = await runCommand(process.execPath, [child, parser, path]);
  if (stdout === "") throw new Error(`${parser} failed: ${stderr}`);
  const parsed = JSON.parse(stdout) as Parsed;
  if (parsed.records !== expected)
    throw new Error(`${parser} read ${parsed.records} of ${expected} messages`);
  return parsed;
}

function best(runs: readonly Parsed[], of: "ms" | "grownBytes"): number {
  return Math.min(...runs.map((run) => run[of]));
}
