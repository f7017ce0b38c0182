import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { connect } from "../connect.ts";
import { CliError } from "../error.ts";
import { type Output, printable } from "../output.ts";
import { ask } from "./governance.ts";

const POLL_MS = 500;
const HOW = {
  signal: "On the phone: Signal, Settings, Linked devices, + , and scan this.",
  whatsapp: "On the phone: WhatsApp, Settings, Linked devices, Link a device, and scan this.",
} as const;

const step = z.discriminatedUnion("step", [
  z.object({ step: z.literal("starting") }),
  z.object({ step: z.literal("show"), url: z.string().max(4_096), expiresAt: z.string() }),
  z.object({ step: z.literal("linking") }),
  z.object({ step: z.literal("linked"), account: z.string(), again: z.boolean() }),
  z.object({ step: z.literal("failed"), why: z.string() }),
]);
const id = z.object({ id: z.uuid() });

/** `link`: an official's phone, by a code. */
export function addLink(program: Command, out: (command: Command) => Output): void {
  const link = program.command("link").description("link officials' phones, and see how their links stand");
  for (const network of ["signal", "whatsapp"] as const) {
    link
      .command(network)
      .description("show the code that an official scans with their phone, and wait until it is linked")
      .requiredOption("--custodian <name>", "whose phone it is; made if there is nobody of that name")
      .option("--json", "one line of JSON for each step")
      .action(({ custodian }: { custodian: string }, command: Command) =>
        linkPhone(network, custodian, out(command)),
      );
  }
  link
    .command("list")
    .description("how each linked account stands")
    .option("--json")
    .action((_given: unknown, command: Command) => ask("get", "/api/v1/links", {}, out(command)));
  link
    .command("questions")
    .description("changes of device that somebody has yet to confirm: all, or your own")
    .option("--json")
    .action((_given: unknown, command: Command) => ask("get", "/api/v1/link-questions", {}, out(command)));
  link
    .command("confirm")
    .description("say whether anything is missing from around a change of device; it goes on the record")
    .argument("<question>", "as `daybook link questions` names it")
    .addOption(new Option("--nothing-missing", "everything that was said is there").conflicts("missing"))
    .addOption(new Option("--missing", "something is not there"))
    .requiredOption("--words <text>", "how that is known, or what is missing")
    .option("--json")
    .action((id: string, given: Confirmed, command: Command) => confirm(id, given, out(command)));
}

interface Confirmed {
  readonly nothingMissing?: true;
  readonly missing?: true;
  readonly words: string;
}

async function confirm(id: string, { nothingMissing, missing, words }: Confirmed, output: Output) {
  if (!nothingMissing && !missing)
    throw new CliError("say --nothing-missing, or --missing: what is not there goes in --words", {
      exitCode: 2,
    });
  const { client } = await connect();
  try {
    const body = { complete: nothingMissing === true, words };
    await client.call("post", "/api/v1/link-questions/:id/answer", { params: { id }, body });
    output.result({ id, ...body }, () => "Recorded with the account, with who said it and when.");
  } finally {
    client.close();
  }
}

async function linkPhone(network: keyof typeof HOW, custodian: string, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const begun = await client.call("post", "/api/v1/links", { body: { network, custodian }, response: id });
    let before = "";
    for (;;) {
      const now = await client.call("get", "/api/v1/links/:id", { params: begun, response: step });
      if (JSON.stringify(now) !== before) {
        before = JSON.stringify(now);
        if (now.step === "failed") throw new CliError(printable(now.why));
        const words = now.step === "show" ? await codeOf(network, now) : wordsOf(now);
        if (words !== undefined) output.result(now, () => words);
        if (now.step === "linked") return;
      }
      await sleep(POLL_MS);
    }
  } finally {
    client.close();
  }
}

function wordsOf(now: Exclude<z.infer<typeof step>, { step: "show" | "failed" }>): string | undefined {
  if (now.step === "starting") return undefined;
  if (now.step === "linking") return "The phone agreed: making keys.";
  return now.again
    ? "Linked again: the account's history goes on. What was said between the two links is a gap on record:\nsay whether anything is missing, with `daybook link questions` and `daybook link confirm`."
    : "Linked. Everything on this account is captured from now on; what was before is a gap on record.";
}

async function codeOf(
  network: keyof typeof HOW,
  { url, expiresAt }: { url: string; expiresAt: string },
): Promise<string> {
  const { toString: qrCode } = await import("qrcode");
  const code = await qrCode(url, { type: "terminal", small: true, errorCorrectionLevel: "L" });
  return `${code}\n${HOW[network]}\nA new code comes at ${expiresAt.slice(11, 19)} UTC.`;
}
