import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { openHome } from "@daybook/compose";
import { hardenProcess, readConfig } from "@daybook/runtime";
import type { Output } from "../output.ts";
import { ZONE } from "../run/zone.ts";
import { startDatabase } from "./database.ts";
import { createLoggers } from "./loggers.ts";
import type { UpOptions } from "./options.ts";
import { outsidersOf } from "./outsiders.ts";

/** `daybook up`: everything on one machine, until it is told to stop. */
export async function up(...given: Parameters<typeof run>): Promise<void> {
  try {
    await run(...given);
  } catch (error) {
    const { ourError } = await import("../our-error.ts");
    throw ourError(error);
  }
}

async function run(
  options: UpOptions,
  output: Output,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  hardenProcess();
  const { DAYBOOK_ZONE: zone } = readConfig(ZONE, env);
  const outsiders = await outsidersOf(options);
  const dir = options.home ?? env.DAYBOOK_HOME ?? (options.sample ? ".daybook" : join(homedir(), ".daybook"));
  output.progress("starting");
  const home = await openHome(resolve(dir), { sample: options.sample });
  const loggers = createLoggers(join(home.paths.logs, "daybook.log"));
  try {
    await using database = startDatabase(home, loggers.of("postgres"));
    // It takes as long to load as the database takes to come up.
    const { serve } = await import("./serve.ts");
    const of = { options, home, database: database.up, loggers, output, env, zone };
    await serve({ ...of, ...(outsiders && { outsiders }) }, signal);
  } finally {
    await home.close();
    await loggers.close();
  }
}
