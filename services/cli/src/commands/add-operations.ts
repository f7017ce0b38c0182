import type { Command } from "commander";
import type { Output } from "../output.ts";
import { ask } from "./governance.ts";

/** `status`, `log`, `rebuild`. */
export function addOperations(program: Command, out: (command: Command) => Output): void {
  program
    .command("status")
    .description("how the archive is")
    .option("--json")
    .action((_options: unknown, command: Command) => ask("get", "/api/v1/status", {}, out(command)));
}
