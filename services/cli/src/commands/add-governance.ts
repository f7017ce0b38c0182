import type { Command } from "commander";
import type { Output } from "../output.ts";

/** `hold`, `dispose`, `scope`, `token`, `custodian`. */
export function addGovernance(program: Command, out: (command: Command) => Output): void {
  void program;
  void out;
}
