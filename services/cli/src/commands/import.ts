import { setTimeout as sleep } from "node:timers/promises";
import { addAbortSignal, Transform } from "node:stream";
import { z } from "zod";
import { connect, type Server } from "../connect.ts";
import { CliError } from "../error.ts";
import { bar, howMany, type Output, printable } from "../output.ts";
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

/**
 * `daybook import`: sends each file, waits until its records can be searched.
 *
 * @param signal of somebody who does not want to wait: what the server has whole by then, it goes on with
 * @throws {CliError}
 */
export async function importCommand(
  files: readonly string[],
  options: ImportOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const sources = await Promise.all(files.map(importSource));
  const { client } = await connect();
  const all: z.infer<typeof result> = { files: [], records: 0 };
  try {
    for (const source of sources) {
      const name = printable(source.name);
      const { id } = await sent(client, source, options, signal, (share) =>
        output.progress(bar(share, `sending ${name}`)),
      );
      const done = await finished(
        async () => client.call("get", "/api/v1/imports/:id", { params: { id }, response: job }),
        signal,
        (lines) => output.progress(`reading ${name}: ${lines.toLocaleString("en-GB")} lines`),
      );
      if (done.state === "failed") throw new CliError(`${printable(source.path)}: ${done.message}`);
      all.files.push(...done.result.files);
      all.records += done.result.records;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError("stopped: import it again to see it whole, and nothing is recorded twice");
  } finally {
    client.close();
  }
  output.result(all, () => inWords(all));
}

async function sent(
  client: Server["client"],
  source: ImportSource,
  options: ImportOptions,
  signal: AbortSignal,
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
  addAbortSignal(signal, body);
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
  signal: AbortSignal,
  onLines: (lines: number) => void,
): Promise<Exclude<z.infer<typeof job>, { state: "running" }>> {
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, POLL_MS)) {
    const now = await ask();
    if (now.state !== "running") return now;
    onLines(now.lines);
    await sleep(wait, undefined, { signal });
  }
}

/** What an import came to, for people. */
export function inWords({ files, records }: z.infer<typeof result>): string {
  const lines = files.map((file) => {
    const when =
      file.first && file.last ? `, ${file.first.replace("T", " ")} to ${file.last.replace("T", " ")}` : "";
    const guess = file.ambiguous ? " (a guess: say --date-order if it is wrong)" : "";
    // A chat's export has lines and an order of dates; other files neither.
    const isChat = file.order !== null;
    const names = file.authors.map(printable).filter((name) => name !== "");
    const by = names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
    const facts = [
      ...(by === "" ? [] : [`by ${by}`]),
      ...(isChat ? [`dates read as ${file.order}${guess}`] : []),
      `${file.duplicates} recorded before`,
    ];
    const warnings = file.warnings.map((w) => `  ${isChat ? `line ${w.line}: ` : ""}${w.message}`);
    return [
      `${printable(file.file)}: ${howMany(file.messages, "message")}, ${isChat ? `${howMany(file.system, "notice")} by the app` : howMany(file.system, "other event")}, ${howMany(file.attachments, "attachment")}${when}`,
      `  ${facts.join("; ")}`,
      ...warnings,
    ].join("\n");
  });
  return `${lines.join("\n")}\n${howMany(records, "new record")}. An export is text from an interested party: it is marked as supplied wherever it shows.`;
}
