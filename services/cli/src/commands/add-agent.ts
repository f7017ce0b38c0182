import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ConnectorError } from "@daybook/contract/error";
import type { AgentHome } from "@daybook/imessage";
import { type Command, Option } from "commander";
import { agentKey } from "../agent-key.ts";
import { CliError } from "../error.ts";
import type { Output } from "../output.ts";
import { ask, askAll } from "./governance.ts";

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

/** What each kind of agent hands over messages of. */
const NETWORKS: Readonly<Record<string, string>> = { "android-sms": "sms", "mac-imessage": "imessage" };

interface Offer {
  readonly kind: string;
  readonly identifier: string;
  readonly custodian: string;
  readonly device: string;
  readonly reason: string;
  readonly json?: boolean;
}

/**
 * `agent offer`, `list`, `revoke`, of an administrator; `agent enrol`, `imessage`, on an official's Mac, without anything else of
 * Daybook.
 */
export function addAgent(program: Command, out: (command: Command) => Output, signal: AbortSignal): void {
  const agent = program
    .command("agent")
    .description(
      "agents on officials' devices, which hand over what those have (services/capture/AGENTS.md)",
    );
  addOffers(agent, out);
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
      .description(
        "on an official's Mac: hand over what its Messages has and gets, until it is stopped: launchd runs it (infra/deploy/macos)",
      )
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

/** What an administrator does about agents. */
function addOffers(agent: Command, out: (command: Command) => Output): void {
  agent
    .command("offer")
    .description("make a code by which an agent on a device enrols; it is told this once")
    .addOption(
      new Option("--kind <kind>", "what it hands over").choices(Object.keys(NETWORKS)).makeOptionMandatory(),
    )
    .requiredOption("--identifier <text>", "the account: a number with its country, or an Apple account")
    .requiredOption("--custodian <name>", "whose it is, by name or id")
    .requiredOption("--device <id>", "the device, as `daybook device list` has it")
    .requiredOption("--reason <text>", "goes on record with it")
    .option("--json")
    .action(({ json: _, ...offer }: Offer, command: Command) =>
      ask("post", "/api/v1/agents", { body: { ...offer, network: NETWORKS[offer.kind] } }, out(command)),
    );
  agent
    .command("list")
    .description("agents that were offered a code, and whether they enrolled")
    .option("--json")
    .action((_given: object, command: Command) => askAll("/api/v1/agents", "agents", out(command)));
  agent
    .command("revoke")
    .description("take nothing of an agent any more: its device is lost, or was replaced")
    .argument("<id>", "as `daybook agent list` has it")
    .requiredOption("--reason <text>", "goes on record with it")
    .option("--json")
    .action((id: string, { reason }: { reason: string }, command: Command) =>
      ask("post", "/api/v1/agents/:id/revoke", { params: { id }, body: { reason } }, out(command)),
    );
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
