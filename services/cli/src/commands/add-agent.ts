import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ConnectorError } from "@daybook/contract/error";
import type { AgentHome } from "@daybook/imessage";
import { type Command } from "commander";
import { agentKey } from "../agent-key.ts";
import { CliError } from "../error.ts";
import type { Output } from "../output.ts";

interface HomeOptions {
  readonly home: string;
  readonly keyCommand?: string;
}

interface EnrolOptions extends HomeOptions {
  readonly code: string;
  readonly server: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly certificateKey?: string;
}

interface RunOptions extends HomeOptions {
  readonly database: string;
  readonly canaryCommand?: string;
  readonly wakeCommand: readonly string[];
}

/** `agent enrol`, `agent imessage`: on an official's Mac, without anything else of Daybook. */
export function addAgent(program: Command, out: (command: Command) => Output, signal: AbortSignal): void {
  const agent = program
    .command("agent")
    .description("on an official's Mac: hand over what its Messages has and gets (connectors/imessage)");
  const atHome = (command: Command) =>
    command
      .option(
        "--home <dir>",
        "where the agent keeps what it must not lose",
        join(homedir(), ".daybook-agent"),
      )
      .option(
        "--key-command <program>",
        "prints the key that seals it, 32 bytes in base64, from the keychain say (default: agent.key there)",
      )
      .option("--json");

  atHome(
    agent
      .command("enrol")
      .description("enrol this Mac, once, by the code that an administrator read out")
      .requiredOption("--code <code>", "good once, and for 24 hours")
      .requiredOption("--server <url>", "the deployment's address, https://")
      .option("--ca <file>", "who vouches for the server, PEM (default: the system's authorities)")
      .option("--certificate <file>", "what the Mac shows the server, PEM")
      .option("--certificate-key <file>", "its key, PEM"),
  ).action(async (options: EnrolOptions, command: Command) => {
    const { enrolMacAgent } = await import("@daybook/imessage");
    const { code, server: url } = options;
    const path = (given: string | undefined) => (given === undefined ? undefined : resolve(given));
    const server = {
      url,
      ca: path(options.ca),
      certificate: path(options.certificate),
      key: path(options.certificateKey),
    };
    const enrolled = await clearly(async () =>
      enrolMacAgent({ ...(await homeOf(options, { isNew: true })), code, server }, signal),
    );
    out(command).result(enrolled, () => `Enrolled as ${enrolled.agent}.`);
  });

  atHome(
    agent
      .command("imessage")
      .description("run it, until it is stopped: launchd does (infra/deploy/macos)")
      .option(
        "--database <path>",
        "Messages' database; its attachments lie beside it",
        join(homedir(), "Library/Messages/chat.db"),
      )
      .option(
        "--canary-command <program>",
        "gets the words of a test message, every 15 minutes, and has another Apple account send them here",
      )
      .option(
        "--wake-command <program>",
        "run when they have not come for 2 minutes, to wake Messages; may be repeated, tried in order",
        (value: string, before: string[]) => [...before, value],
        [],
      ),
  ).action(async (options: RunOptions) => {
    const [{ runMacAgent }, { createLogger }] = await Promise.all([
      import("@daybook/imessage"),
      import("@daybook/runtime"),
    ]);
    const log = createLogger("agent");
    const { canaryCommand: send, wakeCommand: wake } = options;
    await clearly(async () =>
      runMacAgent(
        {
          ...(await homeOf(options, { isNew: false })),
          database: resolve(options.database),
          log,
          liveness: send === undefined ? undefined : { send, wake },
        },
        signal,
      ),
    );
    await log.close();
  });
}

async function homeOf({ home, keyCommand }: HomeOptions, { isNew }: { isNew: boolean }): Promise<AgentHome> {
  const dir = resolve(home);
  return { dir, key: await agentKey(dir, { keyCommand, isNew }) };
}

/** What a connector refuses with is for the person who runs it: its message has no user data. */
async function clearly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ConnectorError) throw new CliError(cause.message, { cause });
    throw cause;
  }
}
