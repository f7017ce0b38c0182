import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CARGO_PROGRAMS, installCargoProgram } from "./cargo-install.ts";
import { GO_PROGRAMS, installGoProgram } from "./install.ts";
import { installJsmpp, jsmppLibraries } from "./jsmpp-install.ts";
import { keepKafkaClasses } from "./kafka-classes.ts";
import { installKafka, kafkaLibraries } from "./kafka-install.ts";
import { whyNot } from "./main-engines.ts";
import { installPython, PYTHON_ENVIRONMENTS } from "./python-install.ts";

/**
 * Installs everything that the lab starts, one after the other, and goes on after a failure.
 *
 * @param say takes a line on what happens
 * @param complain takes a line on what is missing
 * @returns how many could not be installed
 */
export async function installLab(
  say: (line: string) => void,
  complain: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const steps: (readonly [name: string, install: () => Promise<boolean>])[] = [
    ["kafka", installBroker],
    ["jsmpp", installSmsc],
    ...GO_PROGRAMS.map((program) => [program.name, () => installGoProgram(program, { signal })] as const),
    ...CARGO_PROGRAMS.map(
      (program) => [program.name, () => installCargoProgram(program, { signal })] as const,
    ),
    ...Object.values(PYTHON_ENVIRONMENTS).map((one) => [one.title, () => installPython(one)] as const),
  ];
  let failed = 0;
  for (const [index, [name, install]] of steps.entries()) {
    if (signal.aborted) return failed + steps.length - index;
    const place = `[${index + 1}/${steps.length}] ${name}`;
    say(`${place}: looked for, and made if need be (minutes, the first time)`);
    const started = Date.now();
    try {
      const isNew = await install();
      say(isNew ? `${place}: done in ${Math.round((Date.now() - started) / 1000)} s` : `${place}: is there`);
    } catch (error) {
      failed += 1;
      complain(`MISSING: ${name}: ${whyNot(error)}`);
    }
  }
  return failed;
}

async function installBroker(): Promise<boolean> {
  const isNew = kafkaLibraries() === undefined;
  await promisify(execFile)("java", ["-version"]);
  await installKafka();
  return (await keepKafkaClasses()) || isNew;
}

async function installSmsc(): Promise<boolean> {
  const isNew = jsmppLibraries() === undefined;
  await promisify(execFile)("java", ["-version"]);
  await installJsmpp();
  return isNew;
}
