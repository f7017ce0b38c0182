import type { Command } from "commander";
import { z } from "zod";
import type { Output } from "../output.ts";
import { lines } from "./lines.ts";

const progress = z.object({ shard: z.string(), done: z.number(), of: z.number(), restored: z.number() });
const finished = z.object({ ok: z.boolean(), restored: z.number(), lost: z.number() });

/** `keys restore`. */
export function addKeysRestore(program: Command, out: (command: Command) => Output): void {
  const known = program.commands.find((command) => command.name() === "keys");
  const keys = known ?? program.command("keys").description("the keys of the archive");
  keys
    .command("restore")
    .description("make the keyring's first home whole from the second; goes on where it was cut off")
    .option("--json")
    .action(async (_given: unknown, command: Command) => {
      if (!(await restore(out(command)))) process.exitCode = 1;
    });
}

async function restore(output: Output): Promise<boolean> {
  const last = await lines("/api/v1/keys/restore", (value) => {
    const at = progress.safeParse(value).data;
    if (at)
      output.progress(
        `keys of shard ${at.shard}: ${at.done} of ${at.of} records, ${at.restored} blocks restored`,
      );
  });
  const done = finished.safeParse(last).data;
  output.result(last, () => {
    if (!done) return "It broke off: see the server's log, and repeat it: it goes on from there.";
    const restored = `${done.restored} key blocks were restored. What was disposed of stays destroyed.`;
    return done.lost === 0
      ? restored
      : `${restored}\n${done.lost} records have no key in either home: NOT WHOLE.`;
  });
  return done?.ok === true;
}
