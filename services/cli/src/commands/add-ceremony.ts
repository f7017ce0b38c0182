import { type Command, InvalidArgumentError, Option } from "commander";
import type { Output } from "../output.ts";

/** `daybook keys ceremony`. */
export function addCeremony(program: Command, out: (command: Command) => Output): void {
  const keys = program.commands.find((one) => one.name() === "keys") ?? program.command("keys");
  keys
    .command("ceremony")
    .description("make every secret of a deployment, on a machine of its own")
    .requiredOption("--deployment <name>", "its name: it begins the name of every log, and never changes")
    .addOption(
      new Option("--shards <n>", "shards besides `audit`: fixed from then on").argParser(shards).default(12),
    )
    .requiredOption("--out <dir>", "a new folder: one folder in it a service")
    .option("--json")
    .action(async (given: { deployment: string; shards: number; out: string }, command: Command) => {
      const { holdCeremony } = await import("../keys/ceremony.ts");
      const made = await holdCeremony({ ...given, dir: given.out });
      out(command).result(made, () =>
        [
          `Made the secrets of ${given.deployment} in ${made.dir}: take each folder to its service, and to no other.`,
          `Archive key ${made.fingerprint}.`,
          "Keep a copy of records/archive-keys and, elsewhere, of records/archive-passphrase:",
          "WHO LOSES THEM LOSES THE ARCHIVE: nobody can read it again. Then destroy this disk.",
          "",
          "Log keys, to give to your auditors:",
          ...made.vkeys.map((vkey) => `  ${vkey}`),
        ].join("\n"),
      );
    });
}

function shards(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError("1 to 999 is wanted");
  return Number(value);
}
