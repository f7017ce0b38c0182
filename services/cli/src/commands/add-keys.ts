import { readFile, writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { connect } from "../connect.ts";
import { CliError } from "../error.ts";
import { bar, type Output, printable } from "../output.ts";
import { readLines } from "./lines.ts";

const key = z.object({
  fingerprint: z.string(),
  userIds: z.array(z.string()),
  role: z.string(),
  from: z.string().nullable(),
  retired: z.string().nullable(),
  inForce: z.boolean(),
  held: z.boolean(),
});
type Key = z.infer<typeof key>;

const census = z.object({
  where: z.string(),
  total: z.number(),
  byKey: z.record(z.string(), z.number()),
  unknown: z.record(z.string(), z.number()),
  damaged: z.number(),
});
const checked = z.object({ checked: z.record(z.string(), z.number()) });
const progress = z.object({ read: z.number(), of: z.number(), rewrapped: z.number(), failed: z.number() });
const rewrap = z.object({
  id: z.string(),
  to: z.string(),
  drop: z.string().nullable(),
  state: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  named: z.number(),
  failed: z.number(),
  progress: progress.nullable(),
});

/** `keys`: what the archive is encrypted to. Shows fingerprints, never a secret. */
export function addKeys(program: Command, out: (command: Command) => Output): void {
  const keys = program.command("keys").description("the keys that the archive is encrypted to");
  keys
    .command("list")
    .description("which keys, from when, and how many key blocks are wrapped to each")
    .option("--json")
    .action((_given: unknown, command: Command) => list(out(command)));
  keys
    .command("add")
    .description("a new key from a date on; made on this machine unless its public key is given")
    .addOption(new Option("--role <role>").choices(["archive", "escrow"]).default("archive"))
    .option("--from <date>", "ISO date, or date and time; now unless given")
    .option("--public-key <file>", "armored; the private half of an archive key is placed by ceremony before")
    .option("--recipients <file>", "where to write the file of recipients that the archivers read")
    .option("--json")
    .action((given: Add, command: Command) => add(given, out(command)));
  keys
    .command("retire")
    .description("a key that nothing needs any more; says what needs it and from when not")
    .argument("<fingerprint>")
    .option("--json")
    .action(async (fingerprint: string, _given: unknown, command: Command) => {
      if (!(await retire(fingerprint, out(command)))) process.exitCode = 1;
    });
  const again = keys
    .command("rewrap")
    .description("wrap every key block to a key, in the background; no record is touched")
    .option("--to <fingerprint>")
    .option("--drop <fingerprint>", "a key that they are no longer wrapped to")
    .option("--json")
    .action((given: { to?: string; drop?: string }, command: Command) => {
      if (given.to === undefined) command.error("error: --to names the key to wrap to");
      return startRewrap(given, out(command));
    });
  again
    .command("status")
    .description("the latest re-wraps, and how far the one is that runs")
    .option("--json")
    .action((_given: unknown, command: Command) => rewrapStatus(out(command)));
}

async function list(output: Output): Promise<void> {
  const { client } = await connect();
  const counted: z.infer<typeof census>[] = [];
  try {
    const { keys } = await client.call("get", "/api/v1/keys", { response: z.object({ keys: z.array(key) }) });
    const last = await readLines(client, "/api/v1/keys/census", { method: "get" }, (value) => {
      const one = census.safeParse(value);
      if (one.success) counted.push(one.data);
      said(output, "counting", value);
    });
    if (!z.object({ ok: z.literal(true) }).safeParse(last).success)
      throw new CliError("the key blocks could not be counted: see the server's log");
    output.result({ keys, counted }, () =>
      [
        ...keys.flatMap((one) => [
          inWords(one),
          ...counted.map(
            ({ where, total, byKey }) => `  ${where}: ${byKey[one.fingerprint] ?? 0} of ${total}`,
          ),
        ]),
        ...counted.flatMap(({ where, unknown, damaged }) => [
          ...Object.entries(unknown).map(([id, n]) => `${where}: ${n} to a key that is not listed, id ${id}`),
          ...(damaged > 0 ? [`${where}: ${damaged} damaged`] : []),
        ]),
      ].join("\n"),
    );
  } finally {
    client.close();
  }
}

interface Add {
  readonly role: string;
  readonly from?: string;
  readonly publicKey?: string;
  readonly recipients?: string;
}

async function add({ role, from, publicKey, recipients }: Add, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const armored = publicKey === undefined ? undefined : await readPublic(publicKey);
    const answer = await client.call("post", "/api/v1/keys", {
      body: { role, from, publicKey: armored },
      response: z.object({ key, recipients: z.string() }),
    });
    if (recipients !== undefined) await writeFile(recipients, answer.recipients);
    output.result(answer, () =>
      [
        inWords(answer.key),
        ...(armored === undefined
          ? [
              "Its private half was made by the server, under its passphrase: copy that file from the home's keys/ to a",
              "safe place now. WHO LOSES IT LOSES WHAT IS ARCHIVED FROM THEN ON.",
            ]
          : []),
        recipients === undefined
          ? "Archivers on other machines need the new file of recipients: `--recipients FILE` writes it."
          : `Give ${recipients} to every archiver: each reads its file of recipients again within a minute.`,
      ].join("\n"),
    );
  } finally {
    client.close();
  }
}

async function readPublic(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CliError(`the public key cannot be read from ${path}`, { cause });
  }
}

async function startRewrap(given: { to?: string; drop?: string }, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const body = { to: given.to, drop: given.drop };
    const started = await client.call("post", "/api/v1/keys/rewraps", { body, response: rewrap });
    output.result(started, () => `${rewrapped(started)}\nIt runs on: see \`daybook keys rewrap status\`.`);
  } finally {
    client.close();
  }
}

async function rewrapStatus(output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const response = z.object({ rewraps: z.array(rewrap) });
    const answer = await client.call("get", "/api/v1/keys/rewraps", { response });
    output.result(answer, () => answer.rewraps.map(rewrapped).join("\n") || "none");
  } finally {
    client.close();
  }
}

async function retire(fingerprint: string, output: Output): Promise<boolean> {
  const { client } = await connect();
  try {
    const path = "/api/v1/keys/:fingerprint/retire";
    const last = await readLines(client, path, { method: "post", params: { fingerprint } }, (value) =>
      said(output, "looking through", value),
    );
    const answer = z.object({ ok: z.boolean(), why: z.string().nullable().optional() }).parse(last);
    if (!answer.ok && answer.why === undefined)
      throw new CliError("the key was not retired: see the server's log");
    output.result(last, () =>
      answer.ok
        ? "Retired. Its private half is no longer used; destroy it once no backup of key blocks needs it."
        : `Not retired: ${answer.why ?? ""}`,
    );
    return answer.ok;
  } finally {
    client.close();
  }
}

function said(output: Output, what: string, value: unknown): void {
  const seen = checked.safeParse(value);
  if (!seen.success) return;
  const counts = Object.entries(seen.data.checked).map(([where, n]) => `${where} ${n}`);
  output.progress(`${what}: ${counts.join(", ")}`);
}

function inWords({ fingerprint, userIds, role, from, retired, inForce, held }: Key): string {
  const state = retired !== null ? `retired ${retired}` : inForce ? "in force" : "not in force";
  const since = from === null ? "from the beginning" : `from ${from}`;
  const half = retired !== null ? "" : held ? ", private half here" : ", private half not here";
  return `${fingerprint} ${role}, ${since}, ${state}${half}: ${printable(userIds.join(", "))}`;
}

function rewrapped({ id, to, drop, state, named, failed, progress: at }: z.infer<typeof rewrap>): string {
  const what = `${id} ${state}: to ${to}${drop === null ? "" : `, dropping ${drop}`}`;
  if (!at) return `${what}; ${named} re-wrapped, ${failed} failed`;
  const share = at.of === 0 ? 0 : at.read / at.of;
  return `${what}\n${bar(share, `${at.read} of ${at.of} read, ${at.rewrapped} re-wrapped, ${at.failed} failed`)}`;
}
