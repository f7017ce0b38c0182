import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { connect } from "../connect.ts";
import { CliError } from "../error.ts";
import type { Output } from "../output.ts";
import { ask, askAll, inLines } from "./governance.ts";

type Given = Record<string, unknown> & { json?: boolean };

const importResult = z.looseObject({ ok: z.boolean() });
const body = ({ json: _, ...given }: Given) => given;

/** `onboard`, `post`, `device`: who held what, and on what, over time. */
export function addRegistry(program: Command, out: (command: Command) => Output): void {
  program
    .command("onboard")
    .description("take a CSV file of people, posts, accounts and devices: all of it, or nothing")
    .argument("<file.csv>")
    .requiredOption("--reason <text>", "goes on record with it")
    .option("--dry-run", "only tell what it would come to", false)
    .option("--json")
    .action((file: string, given: { reason: string; dryRun: boolean }, command: Command) =>
      onboard(file, given, out(command)),
    );

  const post = program.command("post").description("offices, and who holds them when");
  about(post, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/posts", "posts", out(command)),
  );
  about(post, "show", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("get", "/api/v1/posts/:id", { params: { id } }, out(command)),
  );
  about(post, "add", "<title>")
    .requiredOption("--reason <text>")
    .option("--unit <unit>")
    .addOption(new Option("--group <group>").choices(["minister", "adviser", "board", "senior", "staff"]))
    .action((title: string, given: Given, command: Command) =>
      ask("post", "/api/v1/posts", { body: { title, ...body(given) } }, out(command)),
    );
  about(post, "fill", "<id>")
    .description("somebody takes up a post; a day is a day where the body is")
    .requiredOption("--custodian <name>", "name or id")
    .requiredOption("--from <day>")
    .requiredOption("--reason <text>")
    .option("--to <day>", "exclusive")
    .addOption(new Option("--kind <kind>").choices(["substantive", "acting", "job-share"]))
    .option("--basis <text>", "the letter or announcement")
    .action((id: string, given: Given, command: Command) =>
      ask("post", "/api/v1/posts/:id/holdings", { params: { id }, body: body(given) }, out(command)),
    );
  about(post, "end", "<holding>")
    .description("somebody leaves a post")
    .requiredOption("--to <day>", "exclusive")
    .requiredOption("--reason <text>")
    .action((id: string, given: Given, command: Command) =>
      ask("post", "/api/v1/holdings/:id/end", { params: { id }, body: body(given) }, out(command)),
    );

  const device = program.command("device").description("what accounts run on");
  about(device, "list").action((_given: Given, command: Command) =>
    askAll("/api/v1/devices", "devices", out(command)),
  );
  about(device, "show", "<id>").action((id: string, _given: Given, command: Command) =>
    ask("get", "/api/v1/devices/:id", { params: { id } }, out(command)),
  );
  about(device, "add", "<label>")
    .requiredOption("--reason <text>")
    .addOption(new Option("--ownership <who>").choices(["corporate", "personal"]))
    .action((label: string, given: Given, command: Command) =>
      ask("post", "/api/v1/devices", { body: { label, ...body(given) } }, out(command)),
    );
  for (const what of ["use", "release"] as const) {
    about(device, what, "<id>")
      .description(what === "use" ? "an account is on it" : "an account is not on it")
      .requiredOption("--account <id>")
      .requiredOption("--from <day>")
      .requiredOption("--reason <text>")
      .option("--to <day>", "exclusive")
      .action((id: string, given: Given, command: Command) =>
        ask("post", `/api/v1/devices/:id/${what}`, { params: { id }, body: body(given) }, out(command)),
      );
  }
}

function about(parent: Command, name: string, argument?: string): Command {
  const command = parent.command(name).option("--json");
  return argument === undefined ? command : command.argument(argument);
}

/** Sends a file, and shows what it came to, or what is wrong with it: then nothing of it was taken. */
async function onboard(
  path: string,
  { reason, dryRun }: { reason: string; dryRun: boolean },
  output: Output,
): Promise<void> {
  const file = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CliError("the file cannot be read: see whether it is there", { cause });
  });
  const { client } = await connect();
  try {
    const result = await client.call("post", "/api/v1/registry/imports", {
      body: { file, dryRun, reason },
      response: importResult,
    });
    output.result(result, () => inLines(result));
    if (!result.ok) process.exitCode = 1;
  } finally {
    client.close();
  }
}
