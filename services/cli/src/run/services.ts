import { type ConfigShape, readConfig } from "@daybook/runtime";
import { CliError } from "../error.ts";
import type { Output } from "../output.ts";
import { listedSettings, settingsIn } from "./list-settings.ts";
import {
  ARCHIVER,
  CAPTURE,
  CONSOLE,
  EVIDENCE,
  GATEWAY,
  RECORDS,
  RETENTION,
  WITNESSING,
} from "./service-settings.ts";
import { COMMON, LISTENING, POSTGRES } from "./settings.ts";

interface Entry {
  /** Everything that it reads. */
  readonly settings: ConfigShape;
  /** Loads the service, which no other has to wait for, and runs it. */
  run(context: Context): Promise<void>;
}

interface Context {
  readonly env: NodeJS.ProcessEnv;
  /** Whether a variable that begins with `DAYBOOK_` is a setting of some service. */
  readonly known: (name: string) => boolean;
  /** Only reads the settings. */
  readonly check: boolean;
  readonly output: Output;
}

/** The services of a deployment, each a process of its own, and what is run once before those of a new version. */
export const SERVICES: Readonly<Record<string, Entry>> = {
  capture: {
    settings: { ...COMMON, ...CAPTURE },
    run: async (context) => start("capture", (await import("./capture.ts")).capture, context),
  },
  archiver: {
    settings: { ...COMMON, ...ARCHIVER },
    run: async (context) => start("archiver", (await import("./archiver.ts")).archiver, context),
  },
  records: {
    settings: { ...COMMON, ...RECORDS },
    run: async (context) => start("records", (await import("./records.ts")).records, context),
  },
  evidence: {
    settings: { ...COMMON, ...EVIDENCE },
    run: async (context) => start("evidence", (await import("./evidence.ts")).evidence, context),
  },
  gateway: {
    settings: { ...COMMON, ...GATEWAY },
    run: async (context) => start("gateway", (await import("./gateway.ts")).gateway, context),
  },
  retention: {
    settings: { ...COMMON, ...RETENTION },
    run: async (context) => start("retention", (await import("./retention.ts")).retention, context),
  },
  witnessing: {
    settings: { ...COMMON, ...WITNESSING },
    run: async (context) => start("witnessing", (await import("./witnessing.ts")).witnessing, context),
  },
  console: {
    settings: { ...LISTENING, ...CONSOLE },
    run: async (context) => (await import("./console.ts")).runConsole(context),
  },
  migrate: {
    settings: POSTGRES,
    async run({ env, known, check, output }) {
      const config = readConfig(POSTGRES, env, {
        known: (name) => !name.startsWith("DAYBOOK_") || known(name),
      });
      if (check)
        return output.result({ ok: true, service: "migrate" }, () => "The settings of migrate are right.");
      const { migrate } = await import("./migrate.ts");
      await migrate(config);
      output.result({ ok: true }, () => "The catalogue's schema is of this version.");
    },
  },
};

async function start<Shape extends ConfigShape>(
  name: string,
  of: import("./service.ts").Service<Shape>,
  context: Context,
): Promise<void> {
  const { runService } = await import("./service.ts");
  await runService(name, of, context);
}

const OF_THE_COMMAND_LINE = ["DAYBOOK_HOME", "DAYBOOK_URL", "DAYBOOK_TOKEN", "DAYBOOK_PASSPHRASE"];

/**
 * `daybook run SERVICE`. A setting of another service is no fault: one file may serve them all.
 *
 * @throws {CliError} when there is no such service
 */
export async function runNamed(
  name: string,
  { check, settings }: { check: boolean; settings: boolean },
  output: Output,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const entry = SERVICES[name];
  if (!entry) {
    const names = Object.keys(SERVICES).join(", ");
    throw new CliError(`there is no service of that name: it is one of ${names}`, { exitCode: 2 });
  }
  if (settings) return output.result(settingsIn(entry.settings), () => listedSettings(entry.settings));
  const names = new Set([
    ...Object.values(SERVICES).flatMap((one) => Object.keys(one.settings)),
    ...OF_THE_COMMAND_LINE,
  ]);
  await entry.run({ env, known: (variable) => names.has(variable), check, output });
}
