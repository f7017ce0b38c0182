import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Figure } from "./figure.ts";
import { table, writeResults } from "./report.ts";
import { EMAIL } from "./email/suite.ts";
import { ENGINES } from "./engines/suite.ts";
import { IMESSAGE } from "./imessage/suite.ts";
import { rebuilding } from "./rebuilding.ts";
import { SIGNAL } from "./signal/suite.ts";
import { SMS_WEBHOOKS } from "./sms-webhooks/suite.ts";
import { SMS } from "./sms/suite.ts";
import { SPINE } from "./spine/spine.ts";
import { WHATSAPP_BUSINESS } from "./whatsapp-business/suite.ts";
import { WHATSAPP_WEB } from "./whatsapp-web/suite.ts";

const suites: Readonly<Record<string, Readonly<Record<string, Bench>>>> = {
  spine: SPINE,
  rebuild: { rebuilding },
  engines: ENGINES,
  signal: SIGNAL,
  imessage: IMESSAGE,
  "sms-webhooks": SMS_WEBHOOKS,
  sms: SMS,
  email: EMAIL,
  "whatsapp-business": WHATSAPP_BUSINESS,
  "whatsapp-web": WHATSAPP_WEB,
};
const USAGE = `npm run bench -- ${Object.keys(suites).join("|")} [--json] [--quick] [--write] [--only NAME]...
  NAME is one of: ${Object.values(suites).flatMap(Object.keys).join(", ")}\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const suite = suites[positionals[0] ?? ""];
const chosen = Object.entries(suite ?? {}).filter(([name]) => values.only?.includes(name) ?? true);
if (suite === undefined || chosen.length === 0 || values.only?.some((name) => !(name in suite))) {
  process.stderr.write(USAGE);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, bench] of chosen) {
  const dir = await mkdtemp(join(tmpdir(), "daybook-bench-"));
  const say = (line: string) => {
    if (process.stderr.isTTY) process.stderr.write(`${name}: ${line}\n`);
  };
  try {
    for (const one of await bench({ scale: values.quick ? 0.1 : 1, dir, say })) {
      figures.push(one);
      if (values.json) process.stdout.write(`${JSON.stringify(one)}\n`);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
const size = values.quick ? "A tenth of the size" : "The full size";
const note = `${size}; load ${loadavg()[0]?.toFixed(1) ?? "?"} at the end.`;
if (!values.json) process.stdout.write(`${table(figures)}\n${note}\n`);
if (values.write) await writeResults(positionals[0] ?? "", figures, note);
