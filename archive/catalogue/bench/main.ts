import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createRecordIndexer, type IndexedRecord, type ReadTexts, type Search } from "../src/index.ts";
import { startTestPostgres } from "../testing/index.ts";
import { openTestCatalogue, positionAt, tokenKey } from "../test/support/records.ts";
import { message, word } from "./corpus.ts";

// node archive/catalogue/bench/main.ts [rows] [rows of a batch] [connections]
const rows = Number(process.argv[2] ?? 300_000);
const batch = Number(process.argv[3] ?? 2_000);
const connections = Number(process.argv[4] ?? 2);

const postgres = await startTestPostgres([
  "fsync=on",
  "shared_buffers=512MB",
  "max_wal_size=4GB",
  "wal_compression=on",
  "random_page_cost=1.1",
  "work_mem=32MB",
  "jit=off",
  ...(process.env["PG_SETTINGS"]?.split(" ") ?? []),
]);
const catalogue = await openTestCatalogue(await postgres.database());
const { writer, reader } = catalogue;
const say = (line: string) => process.stdout.write(`${line}\n`);
try {
  await insert();
  await writer.settle();
  await writer.analyzeIfDue();
  const sizes = await postgres.sql(
    catalogue.connection,
    `SELECT relname, pg_size_pretty(pg_relation_size(oid)) FROM pg_class
     WHERE relnamespace = 'catalogue'::regnamespace ORDER BY pg_relation_size(oid) DESC LIMIT 16`,
  );
  say(sizes.map(([name, size]) => `${String(name)} ${String(size)}`).join(", "));
  await queries("idle");
  await queries("idle, again");
  const stop = new AbortController();
  const trickle = write(rows, 2_000, stop.signal);
  await queries("while 2,000/s arrive");
  stop.abort();
  say(`  wrote ${await trickle} meanwhile`);
  const start = performance.now();
  let selected = 0;
  for await (const refs of reader.select({ filters: { from: "2024-01-01", to: "2024-03-13" } }))
    selected += refs.length;
  say(`select ${selected} refs: ${Math.round(performance.now() - start)} ms`);
} finally {
  await catalogue.close();
  await postgres.stop();
}

/** Records are made, then indexed, then written, each timed alone: together they would share the cores. */
async function insert(): Promise<void> {
  const indexer = createRecordIndexer(tokenKey);
  const slice = 50_000;
  for (let first = 0; first < rows; first += slice) {
    const records = Array.from({ length: Math.min(slice, rows - first) }, (_, at) => message(first + at));
    const t0 = performance.now();
    const indexed = records.map((record, at) => indexer.index(record, positionAt("0", first + at)));
    const t1 = performance.now();
    const batches: [from: number, rows: IndexedRecord[]][] = [];
    for (let from = 0; from < indexed.length; from += batch)
      batches.push([from, indexed.slice(from, from + batch)]);
    const worker = async () => {
      for (let next = batches.shift(); next !== undefined; next = batches.shift()) {
        const [from, part] = next;
        const size = first + from + part.length;
        await writer.write(part, {
          shard: "0",
          from: first + from,
          size,
          stream: { id: "s", partition: 0, offset: size },
        });
      }
    };
    const cpu = process.cpuUsage();
    const server = serverCpuMs();
    await Promise.all(Array.from({ length: connections }, worker));
    const t2 = performance.now();
    const used = process.cpuUsage(cpu);
    const perRow = (ms: number) => ((ms * 1000) / records.length).toFixed(1);
    say(
      `${first + records.length} rows: ${Math.round(records.length / ((t2 - t1) / 1000))} rows/s written ` +
        `(CPU a row: Node ${perRow((used.user + used.system) / 1000)} µs, PostgreSQL ${perRow(serverCpuMs() - server)} µs), indexing ${perRow(t1 - t0)} µs a row`,
    );
    await writer.analyzeIfDue();
  }
}

async function write(first: number, perSecond: number, signal: AbortSignal): Promise<number> {
  const indexer = createRecordIndexer(tokenKey);
  const every = 100;
  const count = (perSecond * every) / 1000;
  let from = first;
  const start = performance.now();
  while (!signal.aborted) {
    const at = from;
    const indexed = Array.from({ length: count }, (_, n) =>
      indexer.index(message(at + n), positionAt("0", at + n)),
    );
    await writer.write(indexed, {
      shard: "0",
      from,
      size: from + count,
      stream: { id: "s", partition: 0, offset: 0 },
    });
    from += count;
    const due = start + ((from - first) / perSecond) * 1000 - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
  }
  return from - first;
}

async function queries(when: string): Promise<void> {
  const pick = (from: number, to: number, n: number) => from + ((n * 7919) % (to - from));
  const custodian = (n: number) => `custodian-${(n * 13) % 200}`;
  const texts: ReadTexts = (refs) => Promise.resolve(refs.map((ref) => message(ref.index).text));
  const classes: Record<string, (n: number) => Search> = {
    rare: (n) => ({ words: word(pick(2_000, 20_000, n)) }),
    common: (n) => ({ words: word(pick(9, 110, n)) }),
    "two words": (n) => ({ words: `${word(pick(20, 300, n))} ${word(pick(300, 3_000, n))}` }),
    "word, custodian, 90 days": (n) => ({
      words: word(pick(20, 2_000, n)),
      filters: { custodian: custodian(n), from: "2024-01-10", to: "2024-04-10" },
    }),
    "common, custodian": (n) => ({ words: word(pick(9, 110, n)), filters: { custodian: custodian(n) } }),
    "common, conversation": (n) => ({
      words: word(pick(9, 110, n)),
      filters: { conversation: `conversation-${n * 17}` },
    }),
    "somebody outside": (n) => ({
      filters: {
        parties: (["signal", "whatsapp"] as const).map((network) => ({
          network,
          ids: [`party-${(n * 37) % 2_000}`, `+44${n}`],
        })),
      },
    }),
    "somebody outside, word": (n) => ({
      words: word(pick(20, 2_000, n)),
      filters: {
        parties: [
          { network: "whatsapp", ids: [`party-${(n * 37) % 2_000}`], from: "2024-01-10", to: "2024-04-10" },
        ],
      },
    }),
    "custodian alone": (n) => ({ filters: { custodian: custodian(n) } }),
    "word OR word": (n) => ({ words: `${word(pick(300, 3_000, n))} OR ${word(pick(300, 3_000, n + 1))}` }),
    "common -word": (n) => ({ words: `${word(pick(9, 110, n))} -${word(pick(9, 110, n + 5))}` }),
    phrase: (n) => ({
      words: `"${
        message(n * 31)
          .text?.split(" ")
          .slice(1, 3)
          .join(" ") ?? ""
      }"`,
    }),
    "prefix*": (n) => ({ words: `${word(pick(2_000, 20_000, n)).slice(0, -2)}*` }),
    "short prefix*": (n) => ({ words: `${word(pick(2_000, 20_000, n)).slice(0, 4)}*` }),
  };
  say(`-- ${when} (${cpus().length} cores)`);
  const mixed: number[] = [];
  for (const [name, search] of Object.entries(classes)) {
    const times: number[] = [];
    let total = 0;
    let worst = { ms: 0, words: "" };
    for (let n = 0; n < 120; n += 1) {
      const start = performance.now();
      const page = await reader.search({ ...search(n), texts });
      const ms = performance.now() - start;
      times.push(ms);
      total += page.total;
      if (ms > worst.ms && n > 0) worst = { ms, words: JSON.stringify(search(n)) };
    }
    if (!name.includes("prefix") && name !== "phrase") mixed.push(...times);
    say(
      `  ${name}: ${percentiles(times)}, total ${Math.round(total / 120)} on average; worst ${worst.words}`,
    );
  }
  say(`  words and filters together: ${percentiles(mixed)}`);
}

function percentiles(times: number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} p95 ${at(0.95)} p99 ${at(0.99)} ms`;
}

/** What the server's processes have used so far: says more than rows/s where others share the machine. */
function serverCpuMs(): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      if (Number(fields[1]) === postgres.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * 10;
}
