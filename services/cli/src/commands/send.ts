import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { z } from "zod";
import { connect } from "../connect.ts";
import { CliError } from "../error.ts";
import { type Output, printable } from "../output.ts";
import { ask } from "./governance.ts";

const POLL_MS = 250;
const NEW_IDENTITY = { acceptsNewIdentity: true };
const STATES = ["queued", "sent", "failed", "unanswered"] as const;

const message = z.looseObject({
  id: z.string(),
  state: z.enum(STATES),
  why: z.string().nullable(),
  expiresAt: z.string(),
});

/** `self`, `send`: what an official or their office does. */
export function addSend(program: Command, out: (command: Command) => Output): void {
  program
    .command("self")
    .description("who your token says you are, and the accounts of those for whom you may speak")
    .option("--json")
    .action((_given: unknown, command: Command) => ask("get", "/api/v1/self/accounts", {}, out(command)));

  program
    .command("send")
    .description("send a message from a custodian's account, on the record")
    .argument("<text>", "`-` reads it from standard input")
    .requiredOption("--account <id>", "the account that sends: `daybook self` lists yours")
    .requiredOption("--conversation <id>", "the conversation it goes to, by the id that records have")
    .option("--id <uuid>", "repeats an earlier request of this id: it is not sent twice")
    .option(
      "--new-identity-confirmed",
      "you have confirmed with the other person that their new safety number is theirs",
    )
    .option("--no-wait", "do not wait until it is sent")
    .option("--json")
    .action((text: string, options: SendOptions, command: Command) => send(text, options, out(command)));
}

interface SendOptions {
  readonly account: string;
  readonly conversation: string;
  readonly id?: string;
  readonly newIdentityConfirmed?: boolean;
  readonly wait: boolean;
}

async function send(given: string, options: SendOptions, output: Output): Promise<void> {
  const { account, conversation, id = randomUUID() } = options;
  const text = given === "-" ? await standardInput() : given;
  const { client } = await connect();
  try {
    let known = await client.call("post", "/api/v1/messages", {
      body: { id, account, conversation, text, ...(options.newIdentityConfirmed && NEW_IDENTITY) },
      response: message,
    });
    while (options.wait && known.state === "queued") {
      output.progress("waiting for the network");
      await sleep(POLL_MS);
      known = await client.call("get", "/api/v1/messages/:id", { params: { id }, response: message });
    }
    output.progress(undefined);
    if (known.state === "failed" || known.state === "unanswered")
      throw new CliError(`not sent, as far as is known: ${printable(known.why ?? known.state)}`);
    output.result(known, () => {
      if (known.state !== "sent") return `On its way: ${id}`;
      return `Sent and recorded: ${id}${known.why === null ? "" : `\n${printable(known.why)}`}`;
    });
  } finally {
    client.close();
  }
}

const MAX_INPUT_BYTES = 256 * 1024;

async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_INPUT_BYTES) throw new CliError("that is too long for a message");
    parts.push(part);
  }
  return Buffer.concat(parts).toString().replace(/\n$/, "");
}
