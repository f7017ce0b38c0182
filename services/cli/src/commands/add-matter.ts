import { type Command, Option } from "commander";
import type { Output } from "../output.ts";
import { explainClock } from "./clock.ts";
import { listMatters, type NewMatter, oneMatter, openMatter } from "./matter.ts";

const KINDS = ["foi", "inquiry", "audit", "sar"];
const REGIMES = ["foia-2000", "foisa-2002", "eir-2004", "eirs-2004", "uk-gdpr-access", "inquiry", "audit"];
const VARIANTS = ["keeper-unopened"];
const NATIONS = ["england-and-wales", "scotland", "northern-ireland"];

type OpenOptions = NewMatter & { readonly received?: string; readonly json?: boolean };

/** `matter` and `clock`: what is read for what, and until when it has to be answered. */
export function addMatter(program: Command, out: (command: Command) => Output): void {
  const matter = program.command("matter").description("requests and cases, under which everything is read");
  matter
    .command("open")
    .requiredOption("--title <title>")
    .addOption(new Option("--kind <kind>").choices(KINDS).makeOptionMandatory())
    .option("--due <date>", "ISO date, or date and time")
    .addOption(new Option("--regime <regime>", "by which its date is worked out").choices(REGIMES))
    .option("--received <date>", "when the authority received it: an ISO date; for an audit also a time")
    .addOption(new Option("--nation <nation>", "of the body, for subject access").choices(NATIONS))
    .addOption(
      new Option(
        "--variant <variant>",
        "a fact by which its rule has other lengths: the Keeper has 30 working days for records that are not open",
      ).choices(VARIANTS),
    )
    .option("--reference <reference>", "its number or name elsewhere")
    .option("--json")
    .action(({ received, json: _, ...options }: OpenOptions, command: Command) =>
      openMatter({ ...options, ...(received === undefined ? {} : { receivedAt: received }) }, out(command)),
    );
  matter
    .command("list")
    .option("--json")
    .action((_options: unknown, command: Command) => listMatters(out(command)));
  for (const what of ["show", "close"] as const) {
    matter
      .command(what)
      .argument("<id>")
      .option("--json")
      .action((id: string, _options: unknown, command: Command) => oneMatter(id, what, out(command)));
  }

  program
    .command("clock")
    .description("until when a matter has to be answered")
    .command("explain")
    .description("each day that counts or does not, and why")
    .argument("<matter>")
    .option("--json")
    .action((id: string, _options: unknown, command: Command) => explainClock(id, out(command)));
}
