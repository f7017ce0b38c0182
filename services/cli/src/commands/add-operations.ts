import { text } from "node:stream/consumers";
import { type ApiClient, ProblemError } from "@daybook/runtime/client";
import type { Command } from "commander";
import { z } from "zod";
import { connect } from "../connect.ts";
import { type Output, printable } from "../output.ts";
import { ask } from "./governance.ts";
import { lines } from "./lines.ts";
import { rebuild } from "./rebuild.ts";

const problem = z.object({ where: z.string(), problem: z.string() });
const shardReport = z.object({
  shard: z.string(),
  size: z.number(),
  segments: z.number(),
  problems: z.array(problem),
});

/** `status`, `log`, `rebuild`. */
export function addOperations(program: Command, out: (command: Command) => Output): void {
  program
    .command("status")
    .description("how the archive does, without content")
    .option("--json")
    .action((_given: unknown, command: Command) => ask("get", "/api/v1/status", {}, out(command)));

  const log = program.command("log").description("the signed logs");
  log
    .command("vkey")
    .description("verifier keys, to give to auditors outside this machine")
    .option("--json")
    .action((_given: unknown, command: Command) => ask("get", "/api/v1/log/vkeys", {}, out(command)));
  log
    .command("checkpoint")
    .description("the newest signed checkpoint of each log, or of one")
    .argument("[shard]")
    .option("--json")
    .action((shard: string | undefined, _given: unknown, command: Command) =>
      checkpoints(shard, out(command)),
    );
  log
    .command("prove")
    .description("a record's leaf and its C2SP tlog-proof")
    .argument("<record>")
    .option("--json")
    .action((id: string, _given: unknown, command: Command) =>
      ask(
        "get",
        "/api/v1/log/prove/:id",
        { params: { id } },
        out(command),
        (found) => z.looseObject({ proof: z.string() }).parse(found).proof,
      ),
    );
  log
    .command("fsck")
    .description("check every log, segment and key block from the ground up")
    .option("--json")
    .action(async (_given: unknown, command: Command) => {
      if (!(await fsck(out(command)))) process.exitCode = 1;
    });

  program
    .command("rebuild")
    .description(
      "drop the catalogue and make it again from the objects and keys; goes on where it was cut off",
    )
    .option("--json")
    .action(async (_given: unknown, command: Command) => {
      if (!(await rebuild(out(command)))) process.exitCode = 1;
    });
}

async function checkpoints(shard: string | undefined, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const { vkeys } = await client.call("get", "/api/v1/log/vkeys", {
      response: z.object({ vkeys: z.array(z.object({ shard: z.string(), vkey: z.string() })) }),
    });
    const notes: { shard: string; checkpoint: string }[] = [];
    for (const one of shard === undefined ? vkeys.map((v) => v.shard) : [shard]) {
      const checkpoint = await checkpointOf(client, one).catch((error: unknown) => {
        // A shard that nothing has come to yet has none, which keeps nobody from the others.
        if (shard === undefined && error instanceof ProblemError && error.code === "no-such-file") return;
        throw error;
      });
      if (checkpoint !== undefined) notes.push({ shard: one, checkpoint });
    }
    output.result({ checkpoints: notes }, () => notes.map((note) => note.checkpoint).join("\n"));
  } finally {
    client.close();
  }
}

async function checkpointOf(client: ApiClient, shard: string): Promise<string> {
  const { body } = await client.download("/api/v1/log/:shard/checkpoint", { params: { shard } });
  return text(body);
}

async function fsck(output: Output): Promise<boolean> {
  const reports: z.infer<typeof shardReport>[] = [];
  const last = await lines("/api/v1/fsck", (value) => {
    const report = shardReport.safeParse(value);
    if (report.success) reports.push(report.data);
    output.progress(`checked ${reports.length} logs`);
  });
  const ok = z.object({ ok: z.boolean() }).safeParse(last).data?.ok === true;
  output.result({ ok, shards: reports }, () =>
    [
      ...reports.flatMap(({ shard, size, segments, problems }) => [
        `${shard}: ${size} records in ${segments} segments, ${problems.length} problems`,
        ...problems.map(({ where, problem: what }) => `  ${printable(where)}: ${printable(what)}`),
      ]),
      ok ? "Clean." : "NOT CLEAN.",
    ].join("\n"),
  );
  return ok;
}
