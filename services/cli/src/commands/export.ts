import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Download } from "@daybook/runtime";
import { z } from "zod";
import { connect } from "../connect.ts";
import { CliError } from "../error.ts";
import { howMany, type Output, printable } from "../output.ts";
import { unpack } from "../unpack.ts";

export interface ExportOptions {
  readonly matter: string;
  readonly out: string;
  readonly query?: string;
  readonly custodian?: string;
  readonly participant?: string;
  readonly network?: string;
  readonly conversation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly formats?: readonly string[];
  readonly withSources?: boolean;
  readonly recipient?: string;
  readonly zip?: boolean;
}

/** What a stream says whose other end went away. */
const BROKEN_OFF = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"]);

const summary = z.object({
  id: z.string(),
  state: z.string(),
  records: z.number(),
  attachments: z.number(),
  gaps: z.number(),
  checkpoints: z.array(z.object({ origin: z.string(), size: z.number(), root: z.string() })),
});

/**
 * `daybook export`: takes the package into a draft beside its place, then its receipt, and gives both their
 * names when they are whole. A failure leaves nothing under those names.
 */
export async function exportCommand(
  { out, recipient, zip, ...options }: ExportOptions,
  output: Output,
): Promise<void> {
  const target = resolve(out.replace(/\.zip(\.pgp)?$/, ""));
  const name = safeName(basename(target));
  const suffix = recipient ? ".zip.pgp" : zip || /\.zip(\.pgp)?$/.test(out) ? ".zip" : "";
  const path = `${target}${suffix}`;
  const receiptPath = `${target}.receipt${recipient ? ".pgp" : ""}`;
  await refuseTaken(path, suffix === "");
  await refuseTaken(receiptPath, false);
  const key = recipient === undefined ? undefined : await readFile(recipient, "utf8");
  await mkdir(dirname(target), { recursive: true });
  const draft = join(dirname(target), `.${name}.${randomBytes(6).toString("hex")}.part`);
  const { client } = await connect();
  try {
    output.progress("selecting records");
    const ready = await client.call("post", "/api/v1/exports", {
      body: { ...options, name, ...(key !== undefined && { recipient: key }) },
      response: summary,
    });
    const params = { id: ready.id };
    const download = await client.download("/api/v1/exports/:id/package", { params });
    await save(download, draft, counted(ready.records, output));
    const receipt = await client.download("/api/v1/exports/:id/receipt", { params });
    await save(receipt, `${draft}.receipt`, new PassThrough());
    const done = await client.call("get", "/api/v1/exports/:id", { params, response: summary });
    if (suffix === "") {
      output.progress("unpacking");
      await unpack(draft, `${draft}.dir`, name);
      await place(`${draft}.dir`, path);
    } else {
      await place(draft, path);
    }
    await place(`${draft}.receipt`, receiptPath);
    const { records, attachments, gaps, checkpoints } = done;
    output.result({ out: path, records, attachments, gaps, checkpoints }, () =>
      [
        `${path}: ${howMany(records, "record")}, ${howMany(attachments, "attachment")}, ${howMany(gaps, "gap")}`,
        `${receiptPath}: the logged record of this export`,
        ...checkpoints.map((c) => `  ${c.origin}: ${c.size} records under root ${c.root}`),
        recipient ? "Decrypt it with gpg, then: daybook verify" : `Check it: daybook verify ${path}`,
      ].join("\n"),
    );
  } finally {
    client.close();
    for (const left of [draft, `${draft}.receipt`, `${draft}.dir`])
      await rm(left, { recursive: true, force: true });
  }
}

async function save({ body }: Download, path: string, through: Transform): Promise<void> {
  try {
    await pipeline(body, through, createWriteStream(path, { flags: "wx", mode: 0o600 }));
  } catch (cause) {
    if (!BROKEN_OFF.has(String((cause as { code?: unknown }).code))) throw cause;
    throw new CliError("the server broke the package off: see its log, then export again", { cause });
  }
}

function safeName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw new CliError(
    "the package's name may hold letters, digits, dots, dashes and underscores: choose another --out",
    { exitCode: 2 },
  );
}

async function refuseTaken(path: string, mayBeEmpty: boolean): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return;
  if (mayBeEmpty && found.isDirectory() && (await readdir(path)).length === 0) return;
  throw new CliError(`${printable(path)} is there already: choose another --out`);
}

/** Renames onto a name that is free, or an empty directory. */
async function place(from: string, to: string): Promise<void> {
  await rename(from, to);
}

function counted(records: number, output: Output): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      output.progress(`${records.toLocaleString("en-GB")} records: ${(bytes / 1_000_000).toFixed(1)} MB`);
      done(null, chunk);
    },
  });
}
