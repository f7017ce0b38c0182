import { Command, InvalidArgumentError, Option } from "commander";
import { exportCommand, type ExportOptions } from "./commands/export.ts";
import { addAgent } from "./commands/add-agent.ts";
import { addCeremony } from "./commands/add-ceremony.ts";
import { addGovernance } from "./commands/add-governance.ts";
import { addKeys } from "./commands/add-keys.ts";
import { addRegistry } from "./commands/add-registry.ts";
import { addOperations } from "./commands/add-operations.ts";
import { addParticipants } from "./commands/add-participants.ts";
import { addPeople } from "./commands/add-people.ts";
import { addKeysRestore } from "./commands/keys-restore.ts";
import { importCommand, type ImportOptions } from "./commands/import.ts";
import { addMatter } from "./commands/add-matter.ts";
import { addLink } from "./commands/link.ts";
import { addSend } from "./commands/send.ts";
import { searchCommand, type SearchOptions } from "./commands/search.ts";
import { verifyCommand, type VerifyCommandOptions } from "./commands/verify.ts";
import { createOutput, type Output } from "./output.ts";
import type { UpOptions } from "./up/up.ts";
import { VERSION } from "./version.ts";

const FORMATS = ["records", "rsmf", "eml", "html"];

/** The whole command line. Every command takes `--json`. */
export function createProgram(env: NodeJS.ProcessEnv, signal: AbortSignal): Command {
  const program = new Command("daybook")
    .description("A governed messaging gateway and evidential archive for public bodies")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(run with --help to see how)")
    .configureHelp({ showGlobalOptions: true });
  const out = (command: Command): Output =>
    createOutput(command.optsWithGlobals<{ json?: boolean }>().json === true);

  program
    .command("up")
    .description("run everything on this machine")
    .option("--home <dir>", "where the archive lives (default: ~/.daybook, or ./.daybook with --sample)")
    .addOption(new Option("--port <n>", "port of the API; the operations port is the next").argParser(port))
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--sample", "a trial, with a made-up department's week of messages", false)
    .option("--witness <vkey url>", "a C2SP witness of the logs; may be repeated", collect)
    .addOption(new Option("--quorum <n>", "how many witnesses it takes (default: all)").argParser(count))
    .option("--tsa <url>", "an RFC 3161 authority that stamps the logs")
    .option("--tsa-ca <file>", "its root certificates, PEM")
    .option("--signal-servers <file>", "capture Signal too: where its servers are, JSON (connectors/signal)")
    .option("--whatsapp-web", "capture officials' own WhatsApp accounts too (connectors/whatsapp-web)", false)
    .option("--whatsapp-relay <account>", "a WhatsApp account that may send; may be repeated", collect)
    .option("--chromium <path>", "Chromium, which WhatsApp Web needs; looked for, unless given")
    .option("--chromium-arg <argument>", "more of its arguments, a proxy say; may be repeated", collect)
    .addOption(
      new Option(
        "--agents-port <n>",
        "take what agents on officials' devices hand over, at this port (services/capture/AGENTS.md)",
      ).argParser(port),
    )
    .option(
      "--whatsapp-business <file>",
      "capture official WhatsApp numbers too: which, and what Meta gave for them, JSON (connectors/whatsapp-business)",
    )
    .option(
      "--sms <file>",
      "capture official numbers' text messages too: which, and what their aggregator gave, JSON (connectors/sms)",
    )
    .option(
      "--email <file>",
      "capture mail too: whose, and which mail servers send its journal, JSON (connectors/email)",
    )
    .option(
      "--imap <file>",
      "read mailboxes by IMAP too, and follow them: which, and what they open with, JSON (connectors/email)",
    )
    .option(
      "--bluebubbles <file>",
      "capture a Mac's iMessages too: where its BlueBubbles is, and whose, JSON (connectors/imessage)",
    )
    .option("--json")
    .action(async (options: UpOptions, command: Command) => {
      // The services take long to load: no other command waits for them.
      const { up } = await import("./up/up.ts");
      await up(options, out(command), signal, env);
    });

  program
    .command("run")
    .description("run one service, configured by environment: how it is deployed")
    .argument(
      "<service>",
      "capture, archiver, records, evidence, gateway, retention or witnessing; migrate, once, before a new version",
    )
    .option("--check", "only say whether its settings are right", false)
    .option("--settings", "only list its settings", false)
    .option("--json")
    .action(async (name: string, options: { check: boolean; settings: boolean }, command: Command) => {
      const { runNamed } = await import("./run/services.ts");
      await runNamed(name, options, out(command), env);
    });

  program
    .command("import")
    .description(
      "import exports of a messaging app (WhatsApp: .txt or .zip; Android's texts: .xml of SMS Backup & Restore; Messages: chat.db, its folder, or an iPhone backup; mail: .mbox or .eml)",
    )
    .argument("<path...>")
    .requiredOption("--custodian <name>", "whose messages they are; made if there is nobody of that name")
    .option("--conversation <title>", "the conversation they belong to, by id or title")
    .addOption(new Option("--date-order <order>", "how its dates are written").choices(["dmy", "mdy", "ymd"]))
    .option("--zone <area/city>", "the time zone of its times, if you know it")
    .option("--json")
    .action((files: string[], options: ImportOptions & { json?: boolean }, command: Command) =>
      importCommand(files, withoutJson(options), out(command), signal),
    );

  addMatter(program, out);

  selecting(
    program.command("search").description("find records"),
    "custodian",
    "participant",
    "network",
    "conversation",
    "from",
    "to",
  )
    .argument("[words...]", '"a phrase", word*, a OR b, and after --, -word')
    .requiredOption("--matter <id>", "the matter it is for")
    .option("--kind <kind>", "of record: message, edit, gap, ...; may be repeated", collect)
    .addOption(new Option("--limit <n>", "results on a page").argParser(count))
    .option("--cursor <cursor>", "where the page before ended")
    .option("--json")
    .action((words: string[], options: SearchOptions & { json?: boolean }, command: Command) =>
      searchCommand(words, withoutJson(options), out(command)),
    );

  selecting(
    program.command("export").description("build an evidence package"),
    "custodian",
    "participant",
    "network",
    "conversation",
    "from",
    "to",
  )
    .requiredOption("--matter <id>", "the matter it is for")
    .requiredOption("--out <path>", "PATH, PATH.zip or PATH.zip.pgp is made, and PATH.receipt")
    .option("--query <words>", "as in search")
    .addOption(new Option("--formats <list>", "reading copies, comma-separated").argParser(formats))
    .option("--with-sources", "with the imported files that records cite")
    .option("--recipient <key.asc>", "encrypt the package to this OpenPGP key")
    .option("--zip", "as a ZIP")
    .option("--json")
    .action((options: ExportOptions & { json?: boolean }, command: Command) =>
      exportCommand(withoutJson(options), out(command)),
    );

  program
    .command("verify")
    .description("check an evidence package, offline")
    .argument("<path>", "a directory or a ZIP")
    .option("--key <vkey>", "a log's verifier key that you were given; may be repeated", collect)
    .option("--witness <vkey>", "a witness's verifier key that you were given; may be repeated", collect)
    .option("--tsa-ca <file>", "root certificates, PEM, of the time-stamp authority")
    .option("--json")
    .action(async (path: string, options: VerifyCommandOptions, command: Command) => {
      if (!(await verifyCommand(path, options, out(command)))) process.exitCode = 1;
    });

  addAgent(program, out, signal);
  addLink(program, out);
  addSend(program, out);
  addGovernance(program, out);
  addRegistry(program, out);
  addParticipants(program, out);
  addPeople(program, out);
  addOperations(program, out);
  addKeys(program, out);
  addCeremony(program, out);
  addKeysRestore(program, out);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)]) {
    command.exitOverride();
    for (const option of command.options)
      if (option.long === "--json") option.description = "one JSON document on stdout";
  }
  return program;
}

function selecting(command: Command, ...filters: string[]): Command {
  const about: Record<string, string> = {
    custodian: "<name>",
    participant: "<name>",
    network: "<network>",
    conversation: "<title>",
    from: "<date>",
    to: "<date>",
  };
  const means: Record<string, string> = {
    custodian: "one official, by name or id",
    network: "whatsapp, signal, sms, imessage, telegram, email or daybook",
    conversation: "by id or title",
    from: "a day or an instant; that day too",
    to: "a day or an instant; that day too",
    participant: "somebody outside: what they wrote and what was sent to them, on every network",
  };
  for (const filter of filters) command.option(`--${filter} ${about[filter] ?? ""}`, means[filter]);
  return command;
}

function withoutJson<T extends { json?: boolean }>({ json: _, ...rest }: T): Omit<T, "json"> {
  return rest;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function count(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError("a number is wanted");
  return Number(value);
}

function port(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_534)
    throw new InvalidArgumentError("0 to 65534 is wanted");
  return Number(value);
}

function formats(value: string): string[] {
  const list = value.split(",");
  if (list.some((one) => !FORMATS.includes(one)))
    throw new InvalidArgumentError(`any of ${FORMATS.join(",")} is wanted`);
  return list;
}
