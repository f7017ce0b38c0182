import { setTimeout as sleep } from "node:timers/promises";
import { Transform } from "node:stream";
import { z } from "zod";
import { connect, type Server } from "../connect.ts";
import { CliError } from "../error.ts";
import { bar, type Output, printable } from "../output.ts";
import { type ImportSource, importSource } from "./import-source.ts";

export interface ImportOptions {
  readonly custodian: string;
  readonly conversation?: string;
  readonly dateOrder?: string;
  readonly zone?: string;
}

const chat = z.looseObject({
  file: z.string(),
  messages: z.number(),
  system: z.number(),
  authors: z.array(z.string()),
  first: z.string().nullable(),
  last: z.string().nullable(),
  attachments: z.number(),
  order: z.string().nullable(),
  ambiguous: z.boolean(),
  duplicates: z.number(),
  warnings: z.array(z.object({ code: z.string(), line: z.number(), message: z.string() })),
});
const result = z.object({ files: z.array(chat), records: z.number() });
const job = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), lines: z.number(), records: z.number() }),
  z.object({ state: z.literal("done"), result }),
  z.object({ state: z.literal("failed"), code: z.string(), message: z.string() }),
]);

const FIRST_POLL_MS = 20;
const POLL_MS = 500;

/** `daybook import`: sends each file, waits until its records can be searched. */
export async function importCommand(
  files: readonly string[],
  options: ImportOptions,
  output: Output,
): Promise<void> {
  const sources = await Promise.all(files.map(importSource));
  const { client } = await connect();
  const all: z.infer<typeof result> = { files: [], records: 0 };
  for (const source of sources) {
    const name = printable(source.name);
    const { id } = await sent(client, source, options, (share) =>
      output.progress(bar(share, `sending ${name}`)),
    );
    const done = await finished(
      async () => client.call("get", "/api/v1/imports/:id", { params: { id }, response: job }),
      (lines) => output.progress(`reading ${name}: ${lines.toLocaleString("en-GB")} lines`),
    );
    if (done.state === "failed") throw new CliError(`${name}: ${done.message}`);
    all.files.push(...done.result.files);
    all.records += done.result.records;
  }
  client.close();
  output.result(all, () => inWords(all));
}

async function sent(
  client: Server["client"],
  source: ImportSource,
  options: ImportOptions,
  onProgress: (share: number) => void,
): Promise<{ id: string }> {
  let sentBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length;
      onProgress(sentBytes / (source.sizeBytes || 1));
      done(null, chunk);
    },
  });
  const body = source.open();
  body.on("error", (error) => counter.destroy(error));
  try {
    return z.object({ id: z.string() }).parse(
      await client.upload("/api/v1/imports", body.pipe(counter), {
        query: { name: source.name, ...options },
        sizeBytes: source.sizeBytes,
      }),
    );
  } finally {
    source.release();
  }
}

async function finished(
  ask: () => Promise<z.infer<typeof job>>,
  onLines: (lines: number) => void,
): Promise<Exclude<z.infer<typeof job>, { state: "running" }>> {
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, POLL_MS)) {
    const now = await ask();
    if (now.state !== "running") return now;
    onLines(now.lines);
    await sleep(wait);
  }
}

function inWords({ files, records }: z.infer<typeof result>): string {
  const lines = files.map((file) => {
    const when =
      file.first && file.last ? `, ${file.first.replace("T", " ")} to ${file.last.replace("T", " ")}` : "";
    const guess = file.ambiguous ? " (a guess: say --date-order if it is wrong)" : "";
    const order = file.order === null ? "" : `; dates read as ${file.order}${guess}`;
    const warnings = file.warnings.map((w) => `  line ${w.line}: ${w.message}`);
    return [
      `${printable(file.file)}: ${file.messages} messages, ${file.system} ${file.order === null ? "notices" : "notices by the app"}, ${file.attachments} attachments${when}`,
      `  by ${file.authors.slice(0, 8).map(printable).join(", ")}${file.authors.length > 8 ? ` and ${file.authors.length - 8} more` : ""}${order}; ${file.duplicates} recorded before`,
      ...warnings,
    ].join("\n");
  });
  return `${lines.join("\n")}\n${records} new records. An export is text from an interested party: it is marked as supplied wherever it shows.`;
}
